"""The figures of a register, each checked by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cauce.store.models import RegisterEntry, RegisterStep
from cauce.store.register_figures import Steps, figures_of

now = datetime(2027, 3, 31, tzinfo=UTC)


def steps(*rows: tuple[str, str, str, int], data: dict[str, Any] | None = None) -> Steps:
    """Return steps from rows of kind, code, state and how many days ago."""
    known: dict[tuple[str, str], RegisterEntry] = {}
    found = []
    for kind, code, state, ago in rows:
        new = RegisterEntry(id=len(known) + 1, kind=kind, code=code, data=data or {})
        entry = known.setdefault((kind, code), new)
        found.append((entry, RegisterStep(state=state, data=data or {}, at=now - timedelta(days=ago))))
    return found


REQUIREMENTS = steps(
    *(("requirement", f"R-{n}", "signed", 60) for n in range(1, 5)),
    ("requirement", "R-5", "captured", 50),
    ("requirement", "R-5", "dropped", 49),
    ("requirement", "R-1", "changed", 40),
    ("requirement", "R-1", "signed", 39),
    ("requirement", "R-2", "changed", 12),
    ("requirement", "R-3", "verified", 1),
)


@pytest.mark.parametrize(
    ("noted", "expected"),
    [
        ([], {}),
        # Three of four that were not dropped; one change within a month of the four that were ever signed.
        (REQUIREMENTS, {"requirements-signed": 0.75, "requirement-volatility": 0.25, "days-without-change": 12}),
        (steps(("requirement", "R-1", "captured", 2)), {"requirements-signed": 0, "days-without-change": 2}),
        (
            steps(
                *(("vendor", name, "bid", 9) for name in "abc"),
                ("vendor", "c", "withdrawn", 3),
                ("vendor", "d", "excluded", 3),
                data={"unproven": 2},
            ),
            {"bidding-vendors": 2, "unproven-claims": 2},
        ),
        (
            steps(*(("control-cycle", f"{n}", state, 9 - n) for n, state in enumerate(("red", "amber", "red", "red")))),
            {"red-cycles": 2},
        ),
        (steps(("control-cycle", "1", "red", 9), ("control-cycle", "2", "green", 3)), {"red-cycles": 0}),
        (steps(("pilot", "p", "failed", 9), ("pilot", "p", "passed", 3)), {"failed-pilots": 1}),
        (steps(("regression", "F6", "red", 9), ("regression", "F6", "green", 3)), {"red-regressions": 0}),
        (
            steps(("audit", "a", "planned", 9), ("audit", "b", "planned", 8), ("audit", "b", "good", 1),
                  data={"due": "2027-03-30"}),
            {"overdue-audits": 1},
        ),
        (
            steps(*(("inspection", code, state, 3) for code, state in
                    (("a", "rejected"), ("a", "accepted"), ("b", "accepted"), ("c", "conditions"), ("d", "accepted")))),
            {"deliverables-first-time": 0.5},
        ),
        (
            steps(("change", "c-1", "approved", 9), ("change", "c-1", "applied", 8), ("change", "c-2", "rejected", 7),
                  ("change", "c-3", "ratified", 7), data={"cost": 500, "days": 2}),
            {"changes-approved": 2, "changes-cost": 1000, "changes-days": 4},
        ),
        (steps(("training", "a", "held", 1), data={"attendance": 0.95, "test": 0.8}),
         {"training-attendance": 0.95, "training-test": 0.8}),
        (steps(("benefit", "b", "measured", 1), data={"planned": 200, "measured": 150}), {"benefits-share": 0.75}),
        (steps(("hypercare", "h", "busy", 8), data={"adoption": 0.8}), {"adoption": 0.8}),
        (steps(("hypercare", "h", "busy", 8), data={"backlog": 1.5}), {"backlog-ratio": 1.5}),
        (steps(("pilot", "p", "failed", -1)), {}),
    ],
)  # fmt: skip
def test_figures(noted: Steps, expected: dict[str, float]) -> None:
    assert figures_of(noted, now) == pytest.approx(expected)
