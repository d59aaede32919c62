"""Random programs on random data give what the native `jq` gives."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from cauce.errors import BudgetError, ExpressionError
from cauce.expressions import compile_expression
from cauce.expressions.budget import allow_depth
from tests.unit.expressions.programs import data, programs

pytest.importorskip("jq")
allow_depth()  # hypothesis watches the recursion limit

count = int(os.environ.get("CAUCE_ORACLE_CASES", "500"))


class Oracle:
    """The `jq` process; started again when it hangs or dies."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None

    def ask(self, expression: str, value: Any) -> dict[str, Any] | None:
        if self.process is None:
            command = [sys.executable, str(Path(__file__).with_name("oracle.py"))]
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1
            )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"expr": expression, "input": value}) + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], 5)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            self.close()
            return None
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    oracle = Oracle()
    yield oracle
    oracle.close()


def compare(oracle: Oracle, program: str, value: Any) -> None:
    """Check one program against `jq`, except where docs/expressions.md says that the two differ."""
    try:
        own: list[Any] | None = compile_expression(program).outputs(value)
    except BudgetError:
        return
    except ExpressionError:
        own = None
    answer = oracle.ask(program, value)
    if answer is None or known(program, answer):
        return
    assert same(own, answer.get("outputs")), f"{program} on {json.dumps(value)}: {own} instead of {answer}"


def known(program: str, answer: dict[str, Any]) -> bool:
    """Say whether a program may meet one of the differences listed in docs/expressions.md."""
    stopping = ("any", "all", "first", "limit", "isempty", "label", "IN", "nth", "until")
    return (
        # 1.8 refuses keys that 1.7 turns into text.
        ("_entries" in program and "as object key" in answer.get("error", ""))
        # 1.8 refuses null as a key of null, 1.7 answers null.
        or ("getpath" in program and "Cannot index null with null" in answer.get("error", ""))
        # 1.8 repeats a text no times to "", 1.7 to null.
        or " * " in program
        # jq takes its own signal for stopping early as an error, and tries the next pattern.
        or ("?//" in program and any(name in program for name in stopping))
    )


@settings(
    max_examples=count,
    deadline=None,
    derandomize="CAUCE_ORACLE_CASES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(program=programs, value=data)
def test_random_programs_give_what_jq_gives(oracle: Oracle, program: str, value: Any) -> None:
    compare(oracle, program, value)


@pytest.mark.bench
@pytest.mark.timeout(1700)
@settings(max_examples=20_000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(program=programs, value=data)
def test_twenty_thousand_random_programs_give_what_jq_gives(oracle: Oracle, program: str, value: Any) -> None:
    compare(oracle, program, value)


def same(own: Any, native: Any) -> bool:
    if isinstance(own, bool) or isinstance(native, bool) or own is None or native is None:
        return own is native
    if isinstance(own, int | float) and isinstance(native, int | float):
        return abs(own - native) <= 1e-12 * max(abs(own), abs(native))
    if isinstance(own, list) and isinstance(native, list):
        return len(own) == len(native) and all(map(same, own, native))
    if isinstance(own, dict) and isinstance(native, dict):
        return own.keys() == native.keys() and all(same(own[key], native[key]) for key in own)
    return bool(own == native)
