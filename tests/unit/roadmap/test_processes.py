"""Processes that do activities of a roadmap: asked for once, heard of when they end, left when nobody wants them."""

from datetime import date
from typing import Any

import pytest

from cauce.contract import CompleteTask
from cauce.errors import CauceError, ConflictError
from cauce.roadmaps import (
    ApplyDefinition,
    CancelRoadmap,
    FinishActivity,
    ProcessEnded,
    ProcessStarted,
    ReportActivity,
    Request,
    RunActivity,
    StartActivity,
)
from tests.unit.roadmap.running import Project
from tests.unit.roadmap.test_running import edited
from workflows.roadmap.running import processes
from workflows.roadmap.running.turns import request_of

INSTANCE = "roadmap.draw/shop/1/draw"
FILE = {"name": "drawing.pdf", "sha256": "d" * 64}


def document(**more: Any) -> Any:
    """Return the small roadmap with a process that does `draw`."""
    found = edited()
    found["phases"][0]["activities"][1] |= {"run": {"process": "roadmap.draw", "input": {"paper": "A3"}}, **more}
    return found


def drawing() -> Project:
    """Return a roadmap whose process is asked for, two days after `decide` has begun."""
    project = Project(document())
    project.act(StartActivity("decide", "sam"))
    project.wait_until(date(2027, 1, 6))
    return project


def settle(project: Project, said: ProcessStarted | None) -> None:
    name = processes.pending(project.course)
    project.news.append(project.turns.settle_process(name, said, project.moment).news)


def end(project: Project, **said: Any) -> None:
    told = ProcessEnded(**{"instance": INSTANCE, "state": "completed", **said})
    project.news.append(project.turns.end_process(told, project.moment).news)


def answer(project: Project, task: str, **given: Any) -> None:
    known = project.journal.tasks[task]
    project.act(request_of(project.course, CompleteTask(known["id"], given, "cris", "2027-01-06T09:00:00+00:00")))


def test_a_process_is_asked_for_when_the_day_of_its_activity_has_come() -> None:
    project = Project(document())
    project.act(StartActivity("decide", "sam"))
    assert processes.pending(project.course) == ""
    project.wait_until(date(2027, 1, 6))
    assert processes.pending(project.course) == "draw"
    wanted = processes.start_of(project.course, "draw")
    assert (wanted.process, wanted.key, wanted.roadmap) == ("roadmap.draw", "shop/1/draw", "roadmap:shop/1")
    assert wanted.input == {"roadmap": "shop/1", "activity": "draw", "paper": "A3"}
    # It has begun by it, and nobody is asked for it but by the process.
    assert (project.step("draw")["state"], project.step("draw")["started"]) == ("started", "2027-01-06")
    assert "activity:draw" not in project.tasks()
    settle(project, ProcessStarted("1.0.0"))
    assert processes.pending(project.course) == ""
    assert project.step("draw")["process"] == {
        "process": "roadmap.draw",
        "instance": INSTANCE,
        "round": 1,
        "state": "running",
        "version": "1.0.0",
    }


def test_a_process_that_has_passed_finishes_its_activity_with_its_files_and_people() -> None:
    project = drawing()
    settle(project, ProcessStarted("1.0.0"))
    project.act(FinishActivity("decide", "sam"))
    end(project, passed=True, outcome="drawn", by=["cris", "dora"], documents=[FILE])
    known = project.journal.activities["draw"]
    assert (known["finished"], known["documents"]) == ("2027-01-06", [FILE])
    assert {"cris", "dora"} <= set(known["doers"])
    assert "prepare:G1:1" in project.tasks()
    # Told twice, it changes nothing more.
    before = project.journal.number
    end(project, passed=True, instance="roadmap.draw/shop/1/other")
    assert project.journal.number == before


def test_a_quick_process_may_tell_its_end_before_its_start_is_noted() -> None:
    project = drawing()
    end(project)
    settle_name = processes.pending(project.course)
    assert settle_name == ""
    project.turns.settle_process("draw", ProcessStarted("1.0.0"), project.moment)
    assert (project.journal.processes["draw"]["state"], project.step("draw")["state"]) == ("ended", "done")


@pytest.mark.parametrize(
    ("told", "how"),
    [
        ({"passed": False, "outcome": "nobody"}, ("completed", "nobody", "")),
        ({"state": "faulted", "reason": "No such form."}, ("faulted", "", "No such form.")),
        ({"state": "cancelled"}, ("cancelled", "", "")),
    ],
    ids=["not passed", "failed", "cancelled"],
)
def test_a_process_that_did_not_get_through_leaves_the_activity_open_and_asks(
    told: dict[str, Any], how: tuple[str, str, str]
) -> None:
    project = drawing()
    settle(project, ProcessStarted("1.0.0"))
    end(project, **told)
    known = project.journal.processes["draw"]
    assert (known["how"], known["outcome"], known["reason"]) == how
    (task,) = [each for each in project.news[-1].opened if each.name == "process:draw:1"]
    assert (task.group, task.data["instance"], task.form) == ("crew", INSTANCE, "roadmap-process")
    answer(project, "process:draw:1", decision="again", note="another try")
    assert processes.start_of(project.course, "draw").key == "shop/1/draw/2"
    assert not [name for name in project.tasks() if name.startswith("process:")]
    end(project, instance=f"{INSTANCE}/2", passed=True)
    assert project.step("draw")["state"] == "done"


def test_it_can_be_finished_by_hand_after_that_and_a_repaired_process_still_counts() -> None:
    project = drawing()
    settle(project, ProcessStarted(problem="There is no published process 'roadmap.draw'."))
    assert project.journal.processes["draw"]["how"] == "refused"
    answer(project, "process:draw:1", decision="done", note="on paper")
    assert (project.step("draw")["state"], project.journal.processes["draw"]["passed"]) == ("done", False)
    end(project, passed=True, by=["dora"])
    assert (project.journal.processes["draw"]["passed"], project.step("draw")["state"]) == (True, "done")


def test_what_has_to_wait_for_another_is_a_task_when_its_process_has_passed() -> None:
    project = Project(document(after=[{"activity": "decide", "type": "FF"}]))
    settle(project, ProcessStarted("1.0.0"))
    end(project, passed=True)
    assert project.step("draw")["state"] == "started"
    assert "activity:draw" in project.tasks()


REFUSED: list[tuple[Request, str]] = [
    (FinishActivity("draw", "x"), "`draw` is done by the process roadmap.draw/shop/1/draw."),
    (RunActivity("draw", "x"), "`draw` is done by the process roadmap.draw/shop/1/draw."),
    (RunActivity("decide", "x"), "`decide` is not done by a process."),
    (RunActivity("G1", "x"), "`G1` is not done by a process."),
]


@pytest.mark.parametrize(("request_", "says"), REFUSED, ids=str)
def test_what_a_process_does_is_not_done_by_hand(request_: Request, says: str) -> None:
    project = drawing()
    with pytest.raises(CauceError, match=says):
        project.act(request_)


def test_one_that_is_begun_by_hand_is_run_and_one_that_is_done_is_not() -> None:
    project = Project(document(after=["decide"]))
    project.act(FinishActivity("decide", "sam"))
    project.act(StartActivity("draw", "cris"))
    assert processes.pending(project.course) == "draw"
    settle(project, ProcessStarted("1.0.0"))
    end(project)
    with pytest.raises(ConflictError, match="is done"):
        project.act(RunActivity("draw", "cris"))


def test_what_was_under_way_when_it_was_taken_over_stays_by_hand_until_somebody_runs_it() -> None:
    project = Project(document(), begins=False)
    project.begin([{"id": "draw", "started": "2027-01-04", "percent": 50}])
    assert ("activity:draw" in project.tasks(), processes.pending(project.course)) == (True, "")
    project.act(ReportActivity("draw", "cris", percent=60))
    assert processes.pending(project.course) == ""
    project.act(RunActivity("draw", "cris"))
    assert (processes.pending(project.course), "activity:draw" in project.tasks()) == ("draw", False)


@pytest.mark.parametrize("way", ["cancel", "drop"])
def test_a_process_that_nobody_wants_any_more_is_left(way: str) -> None:
    project = drawing()
    settle(project, ProcessStarted("1.0.0"))
    without = document()
    without["phases"][0]["activities"].pop()
    without["phases"][0]["gate"].pop("evidence")
    cancel: Request = CancelRoadmap("ana", "no money")
    project.act(cancel if way == "cancel" else ApplyDefinition("ana", "2", without, None))
    assert (processes.pending(project.course), project.journal.processes["draw"]["state"]) == ("draw", "leaving")
    # What it says of being cancelled is of no interest.
    end(project, state="cancelled")
    settle(project, None)
    assert (processes.pending(project.course), project.journal.processes["draw"]["state"]) == ("", "left")
    assert not [name for name in project.tasks() if name.startswith("process:")]
