"""A roadmap that is off its course: risks that have come and months that were off are tasks until they are answered."""

from datetime import date
from typing import Any

import pytest

from cauce.contract import CompleteTask
from cauce.errors import CauceError
from cauce.roadmaps import (
    AnswerRisk,
    CorrectPeriod,
    DecideGate,
    FinishActivity,
    FinishCorrection,
    ReportMetrics,
    Request,
    RequestGate,
    StartActivity,
)
from tests.unit.roadmap.running import Project, evidence
from tests.unit.roadmap.test_running import edited
from workflows.roadmap.running import daily
from workflows.roadmap.running.turns import request_of

JANUARY = "2027-01"


def answer(project: Project, task: str, **given: Any) -> None:
    known = project.journal.tasks[task]
    project.act(request_of(project.course, CompleteTask(known["id"], given, "cris", "2027-02-01T09:00:00+00:00")))


def unused() -> Project:
    """Return a roadmap that few use: a risk of its crew has come."""
    project = Project()
    project.act(ReportMetrics("ana", {"adoption": 0.6}))
    return project


def late() -> Project:
    """Return a roadmap that has done nothing in its first month."""
    project = Project()
    project.wait_until(date(2027, 2, 1))
    return project


def test_a_risk_that_has_come_is_a_task_of_its_owner_until_it_is_answered() -> None:
    project = unused()
    (task,) = [each for each in project.news[-1].opened if each.name == "risk:R1"]
    assert (task.group, task.form, task.data["value"], task.data["response"]) == ("crew", "roadmap-risk", 0.6, "R")
    assert project.tasks()["risk:R1"] == "2027-01-07"
    answer(project, "risk:R1", decision="mitigated", note="Two more trainers")
    assert "risk:R1" not in project.tasks()
    (closed,) = project.news[-1].closed
    assert (closed.id, closed.state) == (task.id, "completed")
    assert project.journal.risks["R1"]["answer"]["decision"] == "mitigated"


def test_a_risk_that_is_over_is_asked_for_no_more_and_its_answers_stay() -> None:
    project = unused()
    project.act(ReportMetrics("ana", {"adoption": 0.8}))
    assert ("risk:R1" in project.tasks(), project.news[-1].closed[0].state) == (False, "cancelled")
    # It comes again, as another task.
    first = next(each.id for news in project.news for each in news.opened if each.name == "risk:R1")
    project.act(ReportMetrics("ana", {"adoption": 0.5}))
    assert project.journal.tasks["risk:R1"]["id"] != first
    answer(project, "risk:R1", decision="issue", note="Nobody has time")
    project.act(AnswerRisk("R1", "ana", "accepted", "So be it"))
    project.act(ReportMetrics("ana", {"adoption": 0.9}))
    assert [(each["decision"], each["value"]) for each in project.journal.answers["R1"]] == [
        ("issue", 0.5),
        ("accepted", 0.5),
    ]
    assert project.journal.risks == {}


def test_a_month_that_was_off_asks_who_plans_and_each_action_is_a_task() -> None:
    project = late()
    (task,) = [each for each in project.news[-1].opened if each.name == f"correct:{JANUARY}"]
    assert (task.group, task.data["light"], task.data["figures"]["ev"]) == ("crew", "red", "0.0000")
    actions = [{"what": "More people", "owner": "sponsor", "until": "2027-02-15"}, {"what": "Less scope"}]
    answer(project, f"correct:{JANUARY}", actions=actions, note="As agreed")
    assert {name: due for name, due in project.tasks().items() if name.startswith("action")} == {
        f"action:{JANUARY}:1": "2027-02-15",
        f"action:{JANUARY}:2": "2027-02-15",
    }
    assert [each.group for each in project.news[-1].opened] == ["sponsors", "crew"]
    answer(project, f"action:{JANUARY}:1", note="Two have come")
    (period,) = project.journal.periods
    first, second = period["correction"]["actions"]
    assert (first["done"]["note"], first["done"]["by"], "done" in second) == ("Two have come", "cris", False)
    project.act(FinishCorrection(JANUARY, 2, "ana"))
    assert not [name for name in project.tasks() if name.startswith("action")]


def test_only_the_last_month_is_asked_about_and_one_as_planned_is_not() -> None:
    project = late()
    project.wait_until(date(2027, 3, 1))
    assert [name for name in project.tasks() if name.startswith("correct")] == ["correct:2027-02"]
    good = Project(edited())
    good.act(FinishActivity("decide", "sam", cost={"management": "1000"}))
    good.journal.periods.append({"period": JANUARY, "figures": {}, "light": "green"})
    good.act(FinishActivity("draw", "cris"))
    assert not [name for name in good.tasks() if name.startswith("correct")]


def pass_day(project: Project, day: date, **figures: float) -> list[str]:
    """Let a day come on which the hub has these figures; return what happened."""
    project.today = day
    turn = project.turns.pass_day(project.moment, figures)
    project.news.append(turn.news)
    return [each["kind"] for each in turn.news.events if each["kind"] not in ("day-came", "tasks-moved")]


def test_figures_of_the_hub_make_risks_come_and_go_by_themselves() -> None:
    document = edited()
    document["stop"] = [{"id": "S1", "title": "S", "metric": "dead-letters", "of": "erp", "above": 9}]
    project = Project(document)
    assert daily.watched(project.course) == [
        {"metric": "adoption", "of": ""},
        {"metric": "dead-letters", "of": "erp"},
    ]
    project.act(StartActivity("decide", "sam"))
    # While the hub has none of them, no day is waited for because of them.
    assert daily.next_day(project.course, date(2027, 1, 4)) == date(2027, 1, 6)
    project.act(FinishActivity("decide", "sam"))
    project.act(FinishActivity("draw", "cris"))
    project.act(RequestGate("G1", "cris"), evidence("++"))
    project.act(DecideGate("G1", "sam", "sponsor", approve=True), evidence("++"))
    project.act(StartActivity("build", "cris"))
    quiet = daily.next_day(project.course, date(2027, 1, 4))
    assert pass_day(project, date(2027, 1, 5), **{"dead-letters of erp": 3.0}) == ["metrics-measured"]
    assert (quiet > date(2027, 1, 6), daily.next_day(project.course, project.today)) == (True, date(2027, 1, 6))
    assert pass_day(project, date(2027, 1, 6), **{"dead-letters of erp": 3.0, "adoption": 0.5}) == [
        "metrics-measured",
        "risk-fired",
        "task-opened",
    ]
    # Somebody knows better, until the hub has another figure.
    project.act(ReportMetrics("ana", {"adoption": 0.75}))
    assert pass_day(project, date(2027, 1, 7), **{"dead-letters of erp": 3.0, "adoption": 0.5}) == []
    assert project.journal.risks == {}
    assert "risk-fired" in pass_day(project, date(2027, 1, 8), **{"dead-letters of erp": 10.0, "adoption": 0.6})
    assert project.journal.stop["why"] == ["S1"]
    # What the hub has no more stays as it was last.
    pass_day(project, date(2027, 1, 11))
    assert project.journal.metrics["adoption"] == 0.6


REFUSED: list[tuple[Request, str]] = [
    (AnswerRisk("R2", "x", "accepted", "n"), "The risk `R2` has not come."),
    (CorrectPeriod("2026-12", "x", [], "n"), "The roadmap has closed no month `2026-12`."),
    (CorrectPeriod(JANUARY, "x", [], " "), "It takes a note."),
    (CorrectPeriod(JANUARY, "x", [{"what": " "}]), "It takes a what."),
    (CorrectPeriod(JANUARY, "x", ["hurry"]), "An action says what is to be done."),
    (CorrectPeriod(JANUARY, "x", [{"what": "w", "owner": "z"}]), "There is no owner `z`."),
    (CorrectPeriod(JANUARY, "x", [{"what": "w", "until": "2027-01-31"}]), "An action is done on a day to come."),
    (CorrectPeriod(JANUARY, "x", [{"what": "w"}] * 21), "There are more than 20 actions."),
    (FinishCorrection(JANUARY, 1, "x"), "2027-01 has no action 1."),
]


@pytest.mark.parametrize(("request_", "says"), REFUSED, ids=str)
def test_what_does_not_fit_is_refused(request_: Request, says: str) -> None:
    project = late()
    before = project.journal.number
    with pytest.raises(CauceError, match=says):
        project.act(request_)
    assert project.journal.number == before


def test_what_is_decided_is_decided_once() -> None:
    project = unused()
    with pytest.raises(CauceError, match="It takes a note"):
        project.act(AnswerRisk("R1", "x", "accepted", ""))
    project = late()
    project.act(CorrectPeriod(JANUARY, "ana", [{"what": "Hurry"}]))
    with pytest.raises(CauceError, match="it is decided already"):
        project.act(CorrectPeriod(JANUARY, "ana", [], "again"))
    project.act(FinishCorrection(JANUARY, 1, "ana"))
    with pytest.raises(CauceError, match="is done already"):
        project.act(FinishCorrection(JANUARY, 1, "ana"))
