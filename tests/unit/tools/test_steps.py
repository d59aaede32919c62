"""The set-up runs what does not wait for each other at the same time, and nothing before what it needs."""

from collections.abc import Callable
from pathlib import Path
from threading import Barrier

import pytest

from tools import steps
from tools.steps import SetupError, Step, run_all


@pytest.fixture(autouse=True)
def _own_stamps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(steps, "STAMPS", tmp_path / "stamps")


def step(name: str, run: Callable[[], str | None], *after: str, made: bool = True) -> Step:
    return Step(name.title(), name, run, lambda: ["1"], lambda: made, after)


def test_a_step_begins_when_what_it_needs_is_there() -> None:
    done: list[str] = []
    rows = [
        step("c", lambda: done.append("c"), "b", "a"),
        step("b", lambda: done.append("b"), "a"),
        step("a", lambda: done.append("a")),
    ]
    run_all(rows)
    assert done == ["a", "b", "c"]


def test_steps_that_need_nothing_of_each_other_run_beside_each_other() -> None:
    both = Barrier(2, timeout=10)
    run_all([step("a", lambda: str(both.wait())), step("b", lambda: str(both.wait()))])


def test_after_a_failure_nothing_more_begins() -> None:
    done: list[str] = []

    def fails() -> None:
        raise SetupError("The network is gone.")

    with pytest.raises(SetupError, match="The network is gone"):
        run_all([step("a", fails), step("b", lambda: done.append("b"), "a")])
    assert done == []


def test_what_is_done_is_not_done_again(capsys: pytest.CaptureFixture[str]) -> None:
    count: list[str] = []
    rows = [step("a", lambda: count.append("a")), step("b", lambda: count.append("b"), "a", made=False)]
    run_all(rows)
    run_all(rows)
    assert count == ["a", "b", "b"]
    assert "[1/2] A: nothing to do" in capsys.readouterr().out


def test_steps_that_wait_for_each_other_are_told() -> None:
    with pytest.raises(SetupError, match="Steps wait for each other: a, b"):
        run_all([step("a", lambda: None, "b"), step("b", lambda: None, "a")])
