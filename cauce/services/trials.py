"""Trying an expression on sample data: its outputs and steps, or what is wrong and where; nothing of it is kept."""

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any

from cauce.errors import ExpressionError, InputError
from cauce.expressions import (
    DEFAULT,
    EvaluationError,
    ExpressionSyntaxError,
    Result,
    caret,
    compile_expression,
    strip_delimiters,
)
from cauce.services.hub import Actor

JSON = Any
longest_expression = 20_000
longest_data = 500_000
longest_shown = 20_000
_name = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# One at a time, beside the event loop: a second of calculating must not keep other pages waiting.
_turn = asyncio.Lock()


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of it: outputs as JSON text and the steps used, or a problem with a hint and a caret."""

    outputs: tuple[str, ...] = ()
    cut: bool = False
    steps: int = 0
    most_steps: int = DEFAULT.steps
    problem: str = ""
    hint: str = ""
    caret: str = ""


async def try_expression(actor: Actor, expression: str, data: str, variables: str) -> Trial:
    """Evaluate an expression on data and variables that are JSON text; what is wrong with any of them is the result."""
    require(actor)
    return (await tried(expression, data, variables))[0]


async def tried(expression: str, data: str, variables: str = "") -> tuple[Trial, JSON]:
    """Evaluate an expression for whoever may, and return its first output beside the trial; None without one."""
    try:
        _check_length(expression, "expression", longest_expression)
        text = strip_delimiters(expression.replace("\r\n", "\n"))
        given = _json(data, "sample data")
        named = _variables(variables)
        async with _turn:
            result = await asyncio.to_thread(_evaluated, text, given, named)
    except (ExpressionError, InputError) as error:
        return Trial(problem=error.problem, hint=error.hint, caret=_caret(error)), None
    return _shown(result), next(iter(result.outputs), None)


def require(actor: Actor) -> None:
    """Raise ForbiddenError unless the actor writes expressions."""
    actor.require("try expressions", "designer")


def _evaluated(text: str, data: JSON, variables: dict[str, JSON]) -> Result:
    return compile_expression(text, variables=tuple(variables)).run(data, variables)


def _shown(result: Result) -> Trial:
    outputs: list[str] = []
    room = longest_shown
    for value in result.outputs:
        text = json.dumps(value, ensure_ascii=False, indent=2)
        outputs.append(text[:room])
        room -= len(text)
        if room <= 0:
            break
    return Trial(tuple(outputs), cut=room < 0 or len(outputs) < len(result.outputs), steps=result.steps)


def _caret(error: Exception) -> str:
    if isinstance(error, (ExpressionSyntaxError, EvaluationError)) and error.position is not None:
        return caret(error.text, error.position).strip("\n")
    return ""


def _variables(text: str) -> dict[str, JSON]:
    found = _json(text, "variables")
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(_name.fullmatch(name.removeprefix("$")) for name in found):
        raise InputError(
            "The variables are not an object of names and values.", hint='Write them as {"context": {"id": 1}}.'
        )
    return {name.removeprefix("$"): value for name, value in found.items()}


def _json(text: str, what: str) -> JSON:
    """Read JSON; nothing at all is null."""
    _check_length(text, what, longest_data)
    if not text.strip():
        return None
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise InputError(
            f"The {what} is not JSON: {error.msg} (line {error.lineno}, column {error.colno}).",
            hint="Text in JSON needs double quotes.",
        ) from error
    except ValueError as error:
        raise InputError(f"The {what} is not JSON: {error}.") from error
    except RecursionError as error:
        raise InputError(f"The {what} is nested too deeply.", hint="Flatten it.") from error


def _check_length(text: str, what: str, most: int) -> None:
    if len(text) > most:
        raise InputError(f"The {what} has more than {most:,} characters.", hint="Try it with less.")


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a JSON number")
