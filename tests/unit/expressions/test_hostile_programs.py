"""Programs that try to use up the machine, one a line in `hostile.jsonl`: each ends soon and in little memory."""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cauce.errors import BudgetError, ExpressionError
from cauce.expressions import Budget, compile_expression
from tests.unit.expressions.hostile_data import BUILDERS

lines = (Path(__file__).parent / "hostile.jsonl").read_text().splitlines()
programs: list[dict[str, Any]] = [json.loads(line) for line in lines]
memory = 300 << 20


def attempt(program: dict[str, Any], budget: Budget) -> tuple[str, float]:
    """Return what became of a program, and the seconds of the processor it took."""
    value = BUILDERS[program["data"]]() if "data" in program else program["input"]
    allowed = _address_space() + memory
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (allowed, hard))
    start = time.process_time()
    try:
        outcome = str(len(compile_expression(program["expr"]).outputs(value, {}, budget)))
    except ExpressionError as error:
        outcome = type(error).__name__
    except MemoryError:
        outcome = "MemoryError"
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    return outcome, time.process_time() - start


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def run_all(steps: int) -> list[tuple[str, str, float]]:
    """Run every program in a process of its own, which has room for the data and 300 MB."""
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(steps)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return [(program["expr"], *answer) for program, answer in zip(programs, answers, strict=True)]


def check(answers: list[tuple[str, str, float]], seconds: float) -> None:
    """Hold the answers against what every program has to keep to."""
    for text, outcome, spent in answers:
        assert outcome.isdigit() or outcome in {"BudgetError", "EvaluationError", "ExpressionSyntaxError"}, text
        assert spent < seconds, text


def test_hostile_programs_end_soon_and_in_little_memory() -> None:
    answers = run_all(200_000)
    check(answers, 1.0)
    assert sum(outcome == BudgetError.__name__ for _, outcome, _ in answers) > 150


@pytest.mark.bench
def test_hostile_programs_with_all_the_steps_end_within_a_second() -> None:
    check(run_all(Budget().steps), 1.0)


if __name__ == "__main__":
    for each in programs:
        sys.stdout.write(json.dumps(attempt(each, Budget(steps=int(sys.argv[1])))) + "\n")
