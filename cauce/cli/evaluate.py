"""`cauce eval`: evaluates one expression, or a file of cases for programs that compare."""

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from cauce.cli import inputs, output
from cauce.contract import JSON
from cauce.errors import CauceError, InputError
from cauce.expressions import DEFAULT, compile_expression


def evaluate(
    expression: Annotated[str | None, typer.Argument(metavar="EXPR", help="The expression, without ${ }.")] = None,
    *,
    data: inputs.Input = None,
    var: Annotated[list[str] | None, typer.Option(metavar="NAME=JSON", help="A variable; may be repeated.")] = None,
    cases: Annotated[
        Path | None, typer.Option(metavar="FILE", help='Lines of {"expr", "input", "vars"} to evaluate one by one.')
    ] = None,
    as_json: output.AsJson = False,
) -> None:
    """Evaluate an expression on data, printing each of its outputs, and on stderr the steps it used.

    With --cases, one line of JSON is printed for each line of the file: {"outputs": […], "steps": …} or {"error": {…}}.
    """
    if cases is not None:
        for line in _lines(cases):
            output.document(_case(line))
        return
    if expression is None:
        raise InputError("There is nothing to evaluate.", hint="Give an expression, or a file with --cases.")
    result = _answer(expression, inputs.value(data), inputs.named(var or [], "--var"))
    if as_json:
        output.document(result)
        return
    for one in result["outputs"]:
        output.document(one)
    output.say(f"{result['steps']:,} of {DEFAULT.steps:,} steps.")


def _case(line: str) -> dict[str, JSON]:
    try:
        result = _answer(*_read_case(line))
        output.json_text(result)  # what cannot be printed is this case's error too
    except CauceError as error:
        return {"error": error.problem_details()}
    except Exception as error:  # noqa: BLE001  # a bug in one case must not hide the results of the others
        return {"error": {"code": "internal", "status": 500, "detail": f"{type(error).__name__} while evaluating."}}
    return result


def _read_case(line: str) -> tuple[str, JSON, dict[str, JSON]]:
    case = inputs.parse(line, "case")
    if not isinstance(case, dict) or not isinstance(case.get("expr"), str):
        raise InputError("A case is an object with a text in 'expr'.", hint='As {"expr": ".a", "input": {"a": 1}}.')
    variables = case.get("vars") or {}
    if not isinstance(variables, dict):
        raise InputError("'vars' of a case is an object of names and values.")
    return case["expr"], case.get("input"), {name.removeprefix("$"): value for name, value in variables.items()}


def _answer(expression: str, data: JSON, variables: dict[str, JSON]) -> dict[str, Any]:
    result = compile_expression(expression, variables=tuple(variables)).run(data, variables)
    return {"outputs": [_printable(one) for one in result.outputs], "steps": result.steps}


def _printable(value: JSON) -> JSON:
    """Return the value as jq prints it: what is not a number is null, what is infinite is the largest number."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else math.copysign(1.7976931348623157e308, value)
    if isinstance(value, list):
        return [_printable(one) for one in value]
    if isinstance(value, dict):
        return {name: _printable(one) for name, one in value.items()}
    return value


def _lines(path: Path) -> list[str]:
    # Only line feeds end a line: a text within JSON may hold U+2028 and the like.
    return [line for line in inputs.file_text(path).split("\n") if line.strip()]
