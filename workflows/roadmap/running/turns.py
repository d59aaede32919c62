"""One turn of a roadmap: what somebody asks for, or what a new day brings, with all that follows from it.

A turn is checked as a whole and then taken as a whole: `check` says what would be refused and changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any, Final, assert_never

from cauce.contract import CompleteTask
from cauce.errors import ConflictError, InputError
from cauce.roadmaps import (
    AnswerRisk,
    ApplyDefinition,
    BookCosts,
    CancelRoadmap,
    CorrectPeriod,
    DecideChange,
    DecideGate,
    DecideStop,
    Done,
    FinishActivity,
    FinishCorrection,
    HandInEvidence,
    ProcessEnded,
    ProcessStarted,
    ReportActivity,
    ReportMetrics,
    Request,
    RequestChange,
    RequestGate,
    RoadmapNews,
    RunActivity,
    SetBaseline,
    SignGate,
    StartActivity,
    WaiveEvidence,
)
from workflows.roadmap.model import FACTORS
from workflows.roadmap.running import acts, changes, control, costs, daily, gates, inbox, processes, rows
from workflows.roadmap.running.course import REDRAWS, Course, Moment
from workflows.roadmap.running.journal import Event

JSON = Any
# What follows from what follows; more than a few steps would be a circle.
_MOST_ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn came to: its events are in the journal, the news are for the store."""

    news: RoadmapNews
    done: Done


class Turns:
    """Takes the turns of one roadmap, one after the other."""

    def __init__(self, course: Course) -> None:
        """Go on from a course; what its rows were like at the end of the last turn is computed again."""
        self.course = course
        last = course.journal.today
        self.told = rows.step_rows(course, date.fromisoformat(last)) if last else {}

    def begin(self, by: str, moment: Moment, happened: Sequence[JSON] = ()) -> Turn:
        """Take the first turn; `happened` is what was done before the roadmap was taken over."""
        return self._take(daily.begin(self.course, by, moment, happened), moment)

    def check(self, request: Request, moment: Moment) -> None:
        """Raise what `take` would; evidence is not asked for here."""
        events_of(self.course, request, moment, ())

    def take(self, request: Request, moment: Moment, answers: Sequence[JSON] = (), *, asks_later: bool = True) -> Turn:
        """Do what somebody asks for; `answers` is the evidence of the gate that it is about.

        A gate that is decided now `asks_later` for what it was let go without.
        """
        # A day may come with what is done on it.
        events = [*daily.day_came(self.course, moment), *events_of(self.course, request, moment, answers)]
        events = [{**each, "asksLater": asks_later} if each["kind"] == "gate-decided" else each for each in events]
        reported = request.activity if isinstance(request, ReportActivity) else ""
        return self._take(events, moment, reported=reported, by=request.by)

    def pass_day(self, moment: Moment, measured: Mapping[str, float] | None = None) -> Turn:
        """Take what a new day brings; `measured` are the figures that the hub has of itself, if they were asked for."""
        events = daily.day_came(self.course, moment)
        if measured is not None:
            events += daily.measured_now(self.course, measured)
        return self._take(events, moment, climbs=True)

    def settle_process(self, name: str, said: ProcessStarted | None, moment: Moment) -> Turn:
        """Take what came of a process that was to be started (`said`) or left."""
        return self._take([*daily.day_came(self.course, moment), *processes.settled(self.course, name, said)], moment)

    def end_process(self, told: ProcessEnded, moment: Moment) -> Turn:
        """Take the end of a process that does an activity."""
        came = daily.day_came(self.course, moment) if self.course.journal.state == "running" else []
        return self._take(chain(came, processes.ended(self.course, told, moment)), moment)

    def _take(
        self, first: Iterable[Event], moment: Moment, *, reported: str = "", by: str = "", climbs: bool = False
    ) -> Turn:
        course = self.course
        before = {name: dict(task) for name, task in course.journal.tasks.items()}
        events = [course.record(each, moment) for each in first]
        redrawn = any(each["kind"] in REDRAWS for each in events)
        events += self._following(moment, events)
        events += [course.record(each, moment) for each in daily.ending(course)]
        events += [course.record(each, moment) for each in processes.leave(course)]
        events += [
            course.record(each, moment)
            for each in inbox.settle(course, moment, reported=reported, redrawn=redrawn, by=by)
        ]
        if climbs:
            events += [course.record(each, moment) for each in inbox.escalate(course, moment)]
        return self._turn(events, before, moment)

    def _following(self, moment: Moment, before: Sequence[Event]) -> list[Event]:
        course, found = self.course, [*before]
        for _ in range(_MOST_ROUNDS):
            if course.journal.state != "running":
                break
            begun = {each["activity"] for each in found if each["kind"] == "activity-started"}
            following = [*daily.follow_ups(course, moment), *processes.follow(course, moment, begun)]
            if not following:
                break
            found += [course.record(each, moment) for each in following]
        return found[len(before) :]

    def _turn(self, events: list[Event], before: Mapping[str, JSON], moment: Moment) -> Turn:
        course, plan = self.course, self.course.plan(moment.today)
        now = rows.step_rows(course, moment.today)
        different, gone = rows.changed_rows(self.told, now)
        moved = sum(1 for each in different if each["id"] in self.told and _has_moved(self.told[each["id"]], each))
        self.told = now
        made = inbox.effects(course, events, before, moment)
        news = RoadmapNews(
            course.identity,
            rows.run_row(course, moment.today),
            events,
            different,
            gone,
            made.opened,
            made.moved,
            made.escalated,
            made.closed,
            course.journal.to_json() if course.journal.state != "running" else None,
        )
        return Turn(news, Done(course.journal.number, plan.finish.isoformat(), moved, course.journal.state))


def _has_moved(before: Mapping[str, JSON], now: Mapping[str, JSON]) -> bool:
    return (before["start"], before["finish"]) != (now["start"], now["finish"])


def events_of(  # noqa: C901, PLR0911, PLR0912 - one case for each request
    course: Course, request: Request, moment: Moment, answers: Sequence[JSON]
) -> list[Event]:
    """Return the events that a request comes to; without `answers`, evidence counts as given."""
    if course.journal.state != "running":
        raise ConflictError(f"The roadmap is {course.journal.state}.", hint="Nothing of it can be changed any more.")
    match request:
        case StartActivity() | ReportActivity() | FinishActivity():
            return acts.act(course, request, moment)
        case RequestGate():
            return gates.request_gate(course, request, moment, answers)
        case SignGate():
            return gates.sign_gate(course, request)
        case HandInEvidence():
            return gates.hand_in_evidence(course, request)
        case WaiveEvidence():
            return gates.waive_evidence(course, request, moment)
        case DecideGate():
            return gates.decide_gate(course, request, moment, answers)
        case SetBaseline():
            return changes.set_baseline(course, request, moment)
        case RequestChange():
            return changes.request_change(course, request, moment)
        case DecideChange():
            return changes.decide_change(course, request, moment)
        case ApplyDefinition():
            return changes.apply_definition(course, request, moment)
        case ReportMetrics():
            return daily.report_metrics(request)
        case BookCosts():
            return costs.book_costs(course, request)
        case CancelRoadmap():
            return daily.cancel(request)
        case RunActivity():
            return processes.run_activity(course, request, moment)
        case AnswerRisk() | CorrectPeriod() | FinishCorrection() | DecideStop():
            return control.act(course, request, moment)
        case _:
            assert_never(request)


def request_of(course: Course, answer: CompleteTask) -> Request:
    """Return what somebody asks for who answers a task."""
    name = next((each for each, task in course.journal.tasks.items() if task["id"] == answer.task_id), "")
    if not name:
        raise ConflictError("Nobody waits for this task any more.", hint="Reload the inbox.")
    if answer.return_to:
        raise InputError("A task of a roadmap cannot be sent back.", hint="Give it back with a reason instead.")
    given = answer.answer if isinstance(answer.answer, Mapping) else {}
    kind, _, rest = name.partition(":")
    return _REQUESTS[kind](rest, given, answer.by)


def _finish(rest: str, given: Mapping[str, JSON], by: str) -> Request:
    cost = {factor: str(given[factor]) for factor in FACTORS if given.get(factor) is not None}
    return FinishActivity(
        rest,
        by,
        day=given.get("finished") or "",
        started=given.get("started") or "",
        cost=cost or None,
        documents=given.get("documents") or [],
        note=given.get("note") or "",
    )


def _process(rest: str, given: Mapping[str, JSON], by: str) -> Request:
    activity = rest.rpartition(":")[0]
    if given.get("decision") == "again":
        return RunActivity(activity, by, given.get("note") or "")
    return _finish(activity, given, by)


def _prepare(rest: str, given: Mapping[str, JSON], by: str) -> Request:
    files: dict[str, list[JSON]] = {}
    for each in given.get("documents") or []:
        files.setdefault(str(each["evidence"]), []).append(each["file"])
    return RequestGate(rest.rpartition(":")[0], by, files)


def _decide(rest: str, given: Mapping[str, JSON], by: str) -> Request:
    gate, approver, _ = rest.split(":")
    return DecideGate(gate, by, approver, approve=given.get("approved") is True, reason=given.get("reason") or "")


def _sign(rest: str, given: Mapping[str, JSON], by: str) -> Request:
    del given  # the form takes nothing but a yes
    gate, number, _ = rest.split(":")
    return SignGate(gate, int(number), by)


def _hand_in(rest: str, given: Mapping[str, JSON], by: str) -> Request:
    gate, number, _ = rest.split(":")
    return HandInEvidence(gate, int(number), by, given.get("documents") or [])


def _change(rest: str, given: Mapping[str, JSON], by: str) -> Request:
    return DecideChange(rest, by, given.get("decision", ""), given.get("reason") or "")


def _risk(rest: str, given: Mapping[str, JSON], by: str) -> Request:
    return AnswerRisk(rest, by, given.get("decision", ""), given.get("note") or "")


def _correct(rest: str, given: Mapping[str, JSON], by: str) -> Request:
    return CorrectPeriod(rest, by, given.get("actions") or [], given.get("note") or "")


def _action(rest: str, given: Mapping[str, JSON], by: str) -> Request:
    period, _, number = rest.rpartition(":")
    return FinishCorrection(period, int(number), by, given.get("note") or "")


def _stop(rest: str, given: Mapping[str, JSON], by: str) -> Request:
    del rest  # one question is open at a time
    return DecideStop(by, given.get("decision", ""), given.get("reason") or "")


_REQUESTS: Final = {
    "activity": _finish,
    "process": _process,
    "prepare": _prepare,
    "gate": _decide,
    "sign": _sign,
    "owed": _hand_in,
    "change": _change,
    "stop": _stop,
    "risk": _risk,
    "correct": _correct,
    "action": _action,
}
