"""Example expressions, one a line in `cases/`; add a line, not code."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cauce.errors import ExpressionError
from cauce.expressions import compile_expression
from cauce.expressions.builtins.registry import refused

files = sorted((Path(__file__).parent / "cases").glob("*.jsonl"))
cases = [
    pytest.param(json.loads(line), id=f"{file.stem}:{number}")
    for file in files
    for number, line in enumerate(file.read_text().splitlines(), 1)
]


@pytest.mark.parametrize("case", cases)
def test_expression_gives_what_the_case_says(case: dict[str, Any]) -> None:
    variables = case.get("vars", {})
    before = json.dumps(case["input"])
    if "error" in case:
        with pytest.raises(ExpressionError) as raised:
            compile_expression(case["expr"], variables=variables).outputs(case["input"], variables)
        assert raised.value.problem == case["error"]
        return
    outputs = compile_expression(case["expr"], variables=variables).outputs(case["input"], variables)
    assert typed(outputs) == typed(case["outputs"])
    assert json.dumps(case["input"]) == before, "the input was changed"


def test_there_are_cases_for_every_chapter() -> None:
    assert len(cases) > 500
    assert {file.stem for file in files} >= {"navigation", "construction", "operators", "conditions", "binding"}


def test_every_function_has_a_case() -> None:
    texts = "\n".join(file.read_text() for file in files)
    names = {entry.partition("/")[0] for entry in compile_expression("builtins").first(None)}
    assert not [name for name in sorted(names) if not re.search(rf"(?<![\w.$]){name}(?!\w)", texts)]


@pytest.mark.parametrize("name", sorted(refused))
def test_what_is_refused_says_why_and_what_to_do(name: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        compile_expression(f'{name} "m" as m; .' if name in {"import", "include"} else name)
    assert "not available" in raised.value.problem
    assert raised.value.hint


def typed(value: Any) -> Any:
    """Make 1, 1.0 and true differ where JSON text would, and the order of keys count."""
    return json.dumps(value)
