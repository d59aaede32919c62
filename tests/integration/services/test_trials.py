"""Trying an expression: what a designer sees, and what limits hold."""

import asyncio
import time

import pytest

from cauce.errors import ForbiddenError
from cauce.services.hub import Actor
from cauce.services.trials import try_expression

designer = Actor("ana", frozenset({"designer"}))


async def test_outputs_are_json_for_people_with_the_steps() -> None:
    trial = await try_expression(designer, "${ .a[] | {b: (. + $n)} }", '{"a": [1, 2]}', '{"$n": 1}')
    assert trial.outputs == ('{\n  "b": 2\n}', '{\n  "b": 3\n}')
    assert trial.steps == 15
    assert trial.problem == ""


async def test_type_error_has_a_caret_and_the_place_but_no_data() -> None:
    trial = await try_expression(designer, ".lead |\r\n .name | floor", '{"lead": {"name": "Ana"}}', "")
    assert trial.problem == "string number required: .lead.name is a string."
    assert trial.caret == "   .name | floor\n           ^"


async def test_unknown_variable_lists_those_that_are_given() -> None:
    trial = await try_expression(designer, "$contxt", "", '{"context": 1}')
    assert trial.problem == "The variable $contxt is not known."
    assert trial.hint == "Did you mean $context? Known here: $context."


@pytest.mark.parametrize(
    ("expression", "data", "variables", "problem"),
    [
        (".", "{a: 1}", "", "The sample data is not JSON: Expecting property name enclosed in double quotes (line 1, "),
        (".", "[NaN]", "", "The sample data is not JSON: NaN is not a JSON number."),
        (".", "[" * 100_000, "", "The sample data is nested too deeply."),
        (".", "1" * 500_001, "", "The sample data has more than 500,000 characters."),
        (".", "", "[1]", "The variables are not an object of names and values."),
        (".", "", '{"a b": 1}', "The variables are not an object of names and values."),
        ("1" + " " * 20_000, "", "", "The expression has more than 20,000 characters."),
        ("def f: f; f", "", "", "The expression calls functions too deep inside each other (200)."),
    ],
)
async def test_what_is_wrong_is_the_answer(expression: str, data: str, variables: str, problem: str) -> None:
    trial = await try_expression(designer, expression, data, variables)
    assert trial.problem.startswith(problem)
    assert trial.hint or "NaN" in data


async def test_long_outputs_are_cut() -> None:
    trial = await try_expression(designer, '"x" * 30000, 1', "", "")
    assert trial.cut
    assert sum(map(len, trial.outputs)) == 20_000


async def test_only_designers_may_try() -> None:
    with pytest.raises(ForbiddenError, match="'luis' may not try expressions"):
        await try_expression(Actor("luis", frozenset({"staff"})), ".", "", "")


async def test_a_hostile_expression_does_not_hold_up_others() -> None:
    hostile = asyncio.create_task(try_expression(designer, "last(range(1e12))", "", ""))
    longest = 0.0
    while not hostile.done():
        before = time.monotonic()
        await asyncio.sleep(0.005)
        longest = max(longest, time.monotonic() - before)
    assert (await hostile).problem.startswith("The expression needs more steps")
    assert longest < 0.5
