"""Processes that do activities: started once when these begin, heard of when they end, left when nobody wants them."""

from collections.abc import Collection, Iterator
from typing import Any, Final

from cauce.errors import CauceError, ConflictError
from cauce.roadmaps import FinishActivity, ProcessEnded, ProcessStarted, RunActivity, StartActivity, StartProcess
from workflows.roadmap.model import Activity
from workflows.roadmap.running import acts
from workflows.roadmap.running.course import Course, Moment
from workflows.roadmap.running.journal import Event

JSON = Any
_HUB: Final = "cauce"
_OPEN: Final = ("asked", "running")


def follow(course: Course, moment: Moment, begun: Collection[str]) -> Iterator[Event]:
    """Yield the processes whose time has come: of activities that may begin, and of those that somebody has `begun`.

    What was under way before its process was written, or before the roadmap was taken over, stays by hand.
    """
    for name, each in course.planned(moment.today).items():
        known = course.journal.processes.get(name)
        if each.activity.run is None or (known and known["state"] != "left"):
            continue
        if course.state(name) == "ready" and course.has_come(each, moment.today):
            yield from acts.start_activity(course, StartActivity(name, _HUB), moment)
            yield _asked(course, each.activity, _HUB)
        elif name in begun and course.state(name) == "started":
            yield _asked(course, each.activity, _HUB)


def run_activity(course: Course, given: RunActivity, moment: Moment) -> list[Event]:
    """Start the process of an activity because somebody says so: again, or of one that was begun by hand."""
    activity = course.activity(given.activity)
    if activity.run is None:
        raise ConflictError(f"`{activity.id}` is not done by a process.", hint="Report on it, and finish it.")
    if course.state(activity.id) == "done":
        raise ConflictError(f"`{activity.id}` is done.", hint="Start the process by itself if it is needed again.")
    acts.check_free(course, activity.id)
    begun: list[Event] = []
    if course.state(activity.id) != "started":
        begun = acts.start_activity(course, StartActivity(activity.id, given.by), moment)
    return [*begun, _asked(course, activity, given.by) | {"note": acts.text(given.note, "note")}]


def _asked(course: Course, activity: Activity, by: str) -> Event:
    round_ = (course.journal.processes.get(activity.id) or {}).get("round", 0) + 1
    process = (activity.run or {})["process"]
    said: Event = {"kind": "process-asked", "by": by, "activity": activity.id, "process": process, "round": round_}
    return {**said, "instance": f"{process}/{_key(course, activity.id, round_)}"}


def _key(course: Course, activity: str, round_: int) -> str:
    """Return the business key of a process: as often as it is asked for it is the same, so that it starts once."""
    return f"{course.journal.name}/{activity}{f'/{round_}' if round_ > 1 else ''}"


def leave(course: Course) -> Iterator[Event]:
    """Yield the processes that nobody wants any more: the roadmap has ended, or its definition lost the activity."""
    journal = course.journal
    for name, known in list(journal.processes.items()):
        if known["state"] in _OPEN and (journal.state != "running" or name not in course.activities):
            yield {"kind": "process-leaving", "by": _HUB, "activity": name, "instance": known["instance"]}


def pending(course: Course) -> str:
    """Return an activity whose process is to be started or cancelled now; empty when there is none."""
    found = (name for name, known in course.journal.processes.items() if known["state"] in ("asked", "leaving"))
    return next(found, "")


def running(course: Course) -> list[str]:
    """Return the instances that are under way as far as the roadmap knows."""
    return [known["instance"] for known in course.journal.processes.values() if known["state"] == "running"]


def start_of(course: Course, name: str) -> StartProcess:
    """Return what is started for an activity: with what it is for, and what the definition tells it."""
    known, activity = course.journal.processes[name], course.activities.get(name)
    about = {"roadmap": course.journal.name, "activity": name}
    if activity is not None and activity.wave:
        about["wave"] = activity.wave
    given = ((activity.run if activity else None) or {}).get("input") or {}
    key = _key(course, name, known["round"])
    return StartProcess(course.identity, known["process"], key, {**about, **given}, name)


def settled(course: Course, name: str, said: ProcessStarted | None) -> Iterator[Event]:
    """Yield what came of what was pending: it runs, could not be started, or is left (without anything `said`)."""
    known = course.journal.processes[name]
    about = {"by": _HUB, "activity": name, "instance": known["instance"]}
    if known["state"] == "leaving" and said is None:
        yield {"kind": "process-left", **about}
    elif known["state"] == "asked" and said is not None:
        # A quick one may have told its end before this.
        if said.problem:
            ended = {"state": "refused", "passed": False, "outcome": "", "reason": said.problem, "doers": []}
            yield {"kind": "process-ended", **about, **ended}
        else:
            yield {"kind": "process-started", **about, "version": said.version}


def ended(course: Course, told: ProcessEnded, moment: Moment) -> Iterator[Event]:
    """Yield what the end of a process means: the activity is done when it has passed, else somebody is asked.

    An operator may repair one that has failed; then it tells another end, and that counts.
    """
    known = course.journal.processes.items()
    name = next((each for each, said in known if said["instance"] == told.instance and said["state"] != "left"), "")
    if not name or course.journal.state != "running" or name not in course.activities:
        return
    passed = told.state == "completed" and told.passed is not False
    said = {"state": told.state, "passed": passed, "outcome": told.outcome, "reason": told.reason, "doers": told.by}
    yield {"kind": "process-ended", "by": _HUB, "activity": name, "instance": told.instance, **said}
    if passed and course.state(name) != "done":
        files = told.documents[: acts.most_documents]
        try:
            done = acts.finish_activity(course, FinishActivity(name, _HUB, documents=files, note=told.outcome), moment)
        except CauceError:
            # Something else has to be finished first: the task of who owns the activity says it when it is.
            return
        yield from done


def stands(course: Course, name: str) -> str:
    """Return how the process of an activity stands: nothing of it, open, failed, or passed."""
    known = course.journal.processes.get(name)
    if known is None or known["state"] == "left":
        return ""
    if known["state"] != "ended":
        return "open"
    return "passed" if known["passed"] else "failed"
