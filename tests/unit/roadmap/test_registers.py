"""The registers of a roadmap: what is late, who has how much to do, and what is to come of it."""

from datetime import UTC, date, datetime
from typing import Any

from cauce import roadmaps
from cauce.services.roadmaps import registers
from cauce.services.roadmaps.running import RunDetail, RunView
from cauce.services.roadmaps.standing import Standing
from tests.unit.roadmap.running import Project

RUN: Any = RunView(
    *("roadmap:shop/1", "shop", "1", "1", "Shop", "running", date(2027, 1, 4), date(2027, 2, 12), date(2027, 2, 12)),
    *("", "P1", 0, 6, [], 1, "ana", datetime(2027, 1, 4, tzinfo=UTC), None),
)


def standing(project: Project, today: date) -> Standing:
    return Standing(RunDetail(RUN, [], {}, may_plan=True), project.course, today, may_see_figures=True)


def test_what_is_open_behind_its_baseline_is_late_and_what_waits_is_not() -> None:
    project = Project()
    project.act(roadmaps.StartActivity("decide", "sam", "2027-01-04"))
    found = registers.issues(standing(project, date(2027, 1, 13)))
    assert [(each.kind, each.step, each.days) for each in found] == [("late", "decide", 2)]
    assert registers.issues(standing(project, date(2027, 1, 8))) == []


def test_who_does_what_and_when() -> None:
    sponsor, crew = registers.people(standing(Project(), date(2027, 1, 4)))
    assert (sponsor.responsible, sponsor.accountable, sponsor.open) == (["decide"], ["P1", "P2"], 1)
    assert (crew.responsible, crew.accountable) == (["draw", "build", "teach"], ["P2"])
    assert (sponsor.consulted, crew.consulted) == ([], ["R1"])
    assert sum(crew.months.values()) == 8 + 20 + 3


def test_risks_that_have_come_are_first_and_the_first_baseline_has_no_moves() -> None:
    project = Project()
    project.act(roadmaps.ReportMetrics("ana", {"adoption": 0.5}))
    (risk,) = registers.risks(standing(project, date(2027, 1, 4)))
    assert (risk.score, risk.level, risk.fired["value"]) == (6, "low", 0.5)
    ((baseline, moved),) = registers.baselines_compared(standing(project, date(2027, 1, 4)))
    assert (baseline["finish"], moved) == ("2027-02-17", [])
