"""The decision tables of a roll-out, on both sides of each limit."""

from typing import Any

import pytest

from cauce.contract import Start
from schemas import load_file
from tests.unit.workflows.fake_runtime import World
from tests.unit.workflows.samples import bundle
from tests.unit.workflows.tables import DECISIONS, ask


def change(cost: float, days: int, budget: float = 100_000) -> dict[str, float]:
    return {"cost": cost, "days": days, "budget": budget}


def week(number: int, **more: float) -> dict[str, float]:
    return {"week": number, "weeks": 4, "open": 5, "severe": 0, "adoption": 0.7, **more}


ROWS = [
    ("change-authority", change(2_000, 0), {"rule": "project-manager", "group": "project-managers"}),
    ("change-authority", change(2_000, 1), {"rule": "committee", "group": "steering"}),
    ("change-authority", change(2_001, 0), {"rule": "committee"}),
    ("change-authority", change(-2_001, 0), {"rule": "committee"}),
    ("change-authority", change(10_000, 90), {"rule": "committee"}),
    ("change-authority", change(10_001, 0), {"rule": "management", "group": "management"}),
    ("change-authority", {"cost": 1, "days": 0}, {"rule": "management"}),
    ("control-colour", {"cpi": 0.95, "spi": 0.95}, {"colour": "green", "actions": False}),
    ("control-colour", {"cpi": 0.949, "spi": 1.2}, {"colour": "amber", "actions": True}),
    ("control-colour", {"cpi": 1.2, "spi": 0.9}, {"colour": "amber"}),
    ("control-colour", {"cpi": 1.2, "spi": 0.899}, {"colour": "red", "actions": True}),
    ("control-colour", {}, {"colour": "green"}),
    ("audit-result", {"score": 90, "findings": []}, {"result": "good", "passed": True}),
    ("audit-result", {"score": 89.9, "findings": [{"severity": "slight"}]}, {"result": "findings", "passed": True}),
    ("audit-result", {"score": 69.9}, {"result": "failed", "passed": False}),
    ("audit-result", {"score": 100, "findings": [{"severity": "severe"}]}, {"result": "failed"}),
    ("vendor-weights", {}, {"functional": 25, "integration": 20, "cost": 20, "references": 15, "team": 10}),
    ("pilot-advice", {"results": [{"met": True}], "wayBack": True}, {"advice": "pass"}),
    ("pilot-advice", {"results": [{"met": True}], "wayBack": False}, {"advice": "extend"}),
    ("pilot-advice", {"results": [{"met": True}], "wayBack": True, "severe": 1}, {"advice": "extend"}),
    ("pilot-advice", {"results": [{"met": True}, {"met": False}], "wayBack": True}, {"advice": "extend"}),
    ("pilot-advice", {"results": [{"met": True}, {"met": False}, {"met": False}], "wayBack": True}, {"advice": "fail"}),
    ("pilot-advice", {"results": [{"met": True}], "wayBack": True, "stopped": True}, {"advice": "fail"}),
    ("training-result", {"attendance": 0.9, "test": 0.7}, {"enough": True}),
    ("training-result", {"attendance": 0.899, "test": 1}, {"enough": False}),
    ("training-result", {"attendance": 1, "test": 0.699}, {"enough": False}),
    ("hypercare-exit", week(4, calm=1), {"rule": "over", "next": "hand-over"}),
    ("hypercare-exit", week(3, calm=1), {"rule": "calm", "next": "go-on", "calm": True}),
    ("hypercare-exit", week(4, calm=0), {"rule": "calm"}),
    ("hypercare-exit", week(4, calm=1, open=6), {"rule": "busy", "calm": False}),
    ("hypercare-exit", week(4, calm=1, severe=1), {"rule": "busy"}),
    ("hypercare-exit", week(4, calm=1, adoption=0.69), {"rule": "busy"}),
    ("hypercare-exit", week(8, calm=0), {"rule": "too-long", "next": "ask"}),
    ("benefit-result", {"share": 0.9}, {"result": "reached", "passed": True}),
    ("benefit-result", {"share": 0.899}, {"result": "partly", "passed": False}),
    ("benefit-result", {"share": 0.599}, {"result": "missed", "passed": False}),
]  # fmt: skip
READY = {"attendance": 0.9, "test": 0.7, "dataSigned": True, "wayBack": True, "support": True}


@pytest.mark.parametrize(("table", "data", "expected"), ROWS)
def test_table_says(table: str, data: dict[str, Any], expected: dict[str, Any]) -> None:
    found = ask(table, data)
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("less", "missing"),
    [
        ({}, []),
        ({"attendance": 0.899}, ["attendance"]),
        ({"test": 0.699, "dataSigned": False}, ["test", "data"]),
        ({"wayBack": False, "support": False}, ["way-back", "support"]),
    ],
)
def test_everything_that_is_missing_before_a_cut_over_is_named(less: dict[str, Any], missing: list[str]) -> None:
    assert [row["rule"] for row in ask("cut-over-missing", {**READY, **less})] == missing


def test_period_in_which_nothing_is_due_or_spent_has_no_index() -> None:
    process = load_file(DECISIONS.parent / "processes" / "control-cycle.yaml").data
    measure = next(task for task in process["do"] if "measure" in task)
    factors = [{"factor": "management", "planned": 0, "earned": 0, "spent": 0}]
    given = {**bundle("[]"), "document": {"do": [measure]}}
    found = World({}, {}).run(given, Start({"values": {"budget": 100_000, "factors": factors}}))
    nothing = dict.fromkeys(("pv", "ev", "ac", "cv", "sv"), 0) | {"cpi": None, "spi": None}
    assert found["indices"] == {**nothing, "bac": 100_000, "eacAtypical": 100_000, "tcpi": 1}
