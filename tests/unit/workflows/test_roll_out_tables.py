"""The decision tables of a roll-out, on both sides of each limit."""

from pathlib import Path
from typing import Any

import pytest

from cauce.contract import Start
from schemas import load_file
from tests.unit.workflows.fake_runtime import World
from tests.unit.workflows.samples import bundle

DECISIONS = Path(__file__).resolve().parents[3] / "definitions" / "decisions"
TASK = "[{look: {call: decision, with: {table: %s, data: '${ . }'}}}]"


def change(cost: float, days: int, budget: float = 100_000) -> dict[str, float]:
    return {"cost": cost, "days": days, "budget": budget}


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
]  # fmt: skip


@pytest.mark.parametrize(("table", "data", "expected"), ROWS)
def test_table_says(table: str, data: dict[str, Any], expected: dict[str, Any]) -> None:
    document = load_file(DECISIONS / f"{table}.yaml").data
    found = World({}, {}).run({**bundle(TASK % table), "decisions": {table: document}}, Start(data))
    assert {name: found[name] for name in expected} == expected
