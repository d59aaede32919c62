"""A roadmap sleeps until something happens by itself: what is asked for, shown or left lying misses no day."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from cauce.roadmaps import DecideGate, FinishActivity, RequestGate, StartActivity
from tests.unit.roadmap.running import Project, evidence
from workflows.roadmap.days import SATURDAY
from workflows.roadmap.running.daily import next_day

SPRING = date(2027, 4, 20)


def nothing(project: Project) -> None:
    """Nobody does anything."""
    del project


def begun(project: Project) -> None:
    """Both of the first phase are begun, and nobody finishes them."""
    project.act(StartActivity("decide", "sam"))
    project.sleep_until(date(2027, 1, 6))
    project.act(StartActivity("draw", "cris"))


def done(project: Project) -> None:
    """Nobody asks for the gate."""
    begun(project)
    project.act(FinishActivity("decide", "sam"))
    project.act(FinishActivity("draw", "cris"))


def asked(project: Project) -> None:
    """Nobody decides the gate."""
    done(project)
    project.act(RequestGate("G1", "cris"), evidence("++"))


def rejected(project: Project) -> None:
    """The gate was rejected, and nobody asks for it again."""
    asked(project)
    project.act(DecideGate("G1", "sam", "sponsor", approve=False, reason="no"), evidence("++"))


def passed(project: Project) -> None:
    """The second phase may begin, and nobody does."""
    asked(project)
    project.act(DecideGate("G1", "sam", "sponsor", approve=True), evidence("++"))


def seen(project: Project) -> Any:
    """Return what people see of it: its rows, and its tasks."""
    tasks = {name: {**task, "id": "", "opened": ""} for name, task in project.journal.tasks.items()}
    return project.turns.told, tasks, project.journal.periods


@pytest.mark.parametrize("course", [nothing, begun, done, asked, rejected, passed])
def test_on_days_that_it_sleeps_through_nothing_would_have_happened(course: Callable[[Project], None]) -> None:
    awake, sleeping = Project(), Project()
    course(awake)
    course(sleeping)
    day = awake.today
    while day < SPRING:
        day += timedelta(days=1)
        # A day off is as the next working day, but for the end of a month on it.
        if day.weekday() < SATURDAY or day.day == 1:
            awake.pass_days(day)
            sleeping.sleep_until(day)
            assert seen(awake) == seen(sleeping), day


def test_what_is_under_way_as_planned_wakes_it_once_a_month() -> None:
    project = Project()
    passed(project)
    project.act(StartActivity("build", "cris"))
    assert project.today < date(2027, 1, 8)
    # The end of the month, and the day after that on which it was to be done.
    assert next_day(project.course, project.today) == date(2027, 2, 1)
    project.sleep_until(date(2027, 2, 1))
    assert next_day(project.course, project.today) == date(2027, 2, 3)


def test_what_is_left_lying_is_told_on_its_day_though_the_plan_is_kept() -> None:
    project = Project()
    begun(project)
    task = {"id": "1", "due": "2027-01-06T17:00:00+00:00", "priority": 50, "rung": 0}
    project.journal.tasks = {"risk:R1": task}
    assert next_day(project.course, project.today) == date(2027, 1, 7)
    task["rung"] = 1
    # Both are told of by then: the activity that was to be done on Friday comes first.
    assert next_day(project.course, project.today) == date(2027, 1, 11)
    # The day on which it was to be told is over: it is told on the next one.
    assert next_day(project.course, date(2027, 1, 14)) == date(2027, 1, 15)
