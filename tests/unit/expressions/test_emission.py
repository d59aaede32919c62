"""An expression written out as one Python function means what its closures mean, to the step."""

import json
import keyword
import re
import tokenize
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from cauce.errors import ExpressionError
from cauce.expressions import compile_expression
from cauce.expressions.budget import allow_depth
from cauce.expressions.emission import emitted, fused
from cauce.expressions.expression import Expression
from tests.effort import examples
from tests.unit.expressions.programs import data as random_data
from tests.unit.expressions.programs import programs
from tests.unit.expressions.test_hostile import EVALUATED

allow_depth()  # hypothesis watches the recursion limit
files = sorted((Path(__file__).parent / "cases").glob("*.jsonl"))
cases = [json.loads(line) for file in files for line in file.read_text().splitlines()]
LOOPS = [
    "[.[] | select(.a > 1) | {b: .a, c: (.d // 0)}]",
    "map(select(.a)) | map(.a * 2) | add",
    ". as $x | [.[] | .a as $y | [$y, ($x | length), (.d[]? | [., $y])]]",
    "def f: .a + 1; def g: f * 2; [.[] | g, f]",
    "def f($x; $y): [$x, $y, .a]; map(f(.a; 2))",
    "reduce .[] as $x (0; . + ($x.a // 0) | if . > 2 then . - 1 else . end)",
    "[.[] | .a?, .d[0]?] | map(. // empty)",
    "[.[] | if .a == 1 then empty elif .a == null then 0 else .d[]? end]",
    '[.[] | .d? | select(. != null) | [.[] | select(. == "x" or . == null) | not]]',
    "[.[] | . as $x | reduce .d[]? as $y ([]; . + [[$y, $x.a]])]",
    "[.[] | [.[]?] | length] | add",
    ". as $a | [.[] | . as $b | [limit(2; $a[] | . == $b)]]",
    "[(.[] | .d[]?) as $x | $x | tostring]",
    "map(empty) | map(error)",
    "[.[] | try error(.a) catch .]",
]
data = [{"a": 1, "d": ["x", None, 3]}, {"a": 2}, {"a": 3.5, "d": []}, {}]


def answer(expression: Expression, value: Any, variables: dict[str, Any]) -> Any:
    """Return outputs and steps, or the error."""
    try:
        result = expression.run(value, variables)
    except ExpressionError as error:
        return str(error)
    return json.dumps(result.outputs), result.steps


def closures(expression: Expression) -> Expression:
    """Return the same expression, which cannot be written out."""
    code = replace(expression.code, emit=None)
    return Expression(expression.text, code, expression.names, expression.height, expression.reads)


@pytest.mark.parametrize("text", LOOPS)
def test_loops_mean_the_same_both_ways(text: str) -> None:
    expression = compile_expression(text)
    assert answer(expression, data, {}) == answer(closures(expression), data, {})
    assert fused(expression.code) is not expression.code.run


def test_every_case_means_the_same_both_ways() -> None:
    written = 0
    for case in cases:
        variables = case.get("vars", {})
        try:
            expression = compile_expression(case["expr"], variables=variables)
        except ExpressionError:
            continue
        both = [answer(each, case["input"], variables) for each in (expression, closures(expression))]
        assert both[0] == both[1], case["expr"]
        written += fused(expression.code) is not expression.code.run
    assert written > 200


@settings(
    max_examples=examples(400), deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(program=programs, value=random_data)
def test_random_programs_mean_the_same_both_ways(program: str, value: Any) -> None:
    expression = compile_expression(f"[{program}]")
    assert answer(expression, value, {}) == answer(closures(expression), value, {})


def test_no_text_of_the_user_gets_into_the_source() -> None:
    texts = [case["expr"] for case in cases] + [text for text, _ in EVALUATED] + LOOPS
    texts.append('{"__import__(\'os\')": .["); import os; ("], x: "\\(.a)\'\'\'\\n"} | .evil as $evil | $evil')
    ours = {"fused", "env", "x", "run", "steps", "size", "globals", "check_size", "out_of_steps", "EMPTY", "Fault"}
    ours |= {"type", "dict", "list", "int", "len", "get", "append"}
    for text in texts:
        try:
            code = compile_expression(text, variables=["factor", "context"]).code
        except ExpressionError:
            continue
        if code.emit is None:
            continue
        for token in tokenize.generate_tokens(StringIO(emitted(code)[0]).readline):
            if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
                assert token.string in ours or re.fullmatch(r"e?v\d+|k\d+", token.string), text
            assert token.type not in {tokenize.STRING, tokenize.COMMENT, tokenize.ERRORTOKEN}, text


def test_large_expressions_are_called_and_not_written_out() -> None:
    text = "[" + "(.[] | select(. > 1)) as $x | " * 25 + "$x]"
    expression = compile_expression(text)
    assert expression.first([0, 2]) == [2]
    assert emitted(expression.code)[0].count("\n") < 200
    wide = "{" + ", ".join(f"a{number}: (.a + {number})" for number in range(2000)) + "}"
    assert compile_expression(wide).first({"a": 1})["a1999"] == 2000


def test_two_commas_after_each_other_do_not_multiply_the_source() -> None:
    expression = compile_expression("[" + "(.,.) | " * 12 + "{a: .}]")
    assert len(emitted(expression.code)[0]) < 100_000
    assert len(expression.first(1)) == 4096
