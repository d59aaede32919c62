"""What people do with activities: begin, report, finish; with the sentence that refuses what cannot be."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from cauce.errors import ConflictError, InputError
from cauce.roadmaps import FinishActivity, ReportActivity, StartActivity
from workflows.roadmap.model import FACTORS, Activity, Actual
from workflows.roadmap.running.course import Course, Moment, actual
from workflows.roadmap.running.journal import Event

JSON = Any
_MOST_MONEY: Final = Decimal(10) ** 12
_WHOLE: Final = 100
_MOST_DAYS: Final = 5_000
most_text: Final = 2_000
most_documents: Final = 50


def act(course: Course, request: StartActivity | ReportActivity | FinishActivity, moment: Moment) -> list[Event]:
    """Take what somebody says of an activity."""
    match request:
        case StartActivity():
            return start_activity(course, request, moment)
        case ReportActivity():
            return report_activity(course, request, moment)
        case FinishActivity():
            return finish_activity(course, request, moment)


def start_activity(course: Course, given: StartActivity, moment: Moment) -> list[Event]:
    """Note that an activity has begun."""
    activity = _work(course, given.activity)
    if course.state(activity.id) not in ("waiting", "ready"):
        raise ConflictError(f"`{activity.id}` is {course.state(activity.id)} already.", hint="Report how far it is.")
    _check_ready(course, activity)
    day = said_day(given.day, moment)
    _check_plan(course, moment, {activity.id: Actual(started=day)})
    return [{"kind": "activity-started", "activity": activity.id, "by": given.by, "day": day.isoformat()}]


def report_activity(course: Course, given: ReportActivity, moment: Moment) -> list[Event]:
    """Note how far an activity is; one that has not begun begins by it."""
    activity = _work(course, given.activity)
    state = course.state(activity.id)
    begun: list[Event] = []
    only_cost = given.percent is None and given.remaining is None and given.parts is None
    if state == "done" and not only_cost:
        raise ConflictError(
            f"`{activity.id}` is done.", hint="Of what is done, only its cost and files can be added to."
        )
    if state in ("waiting", "ready"):
        begun = start_activity(course, StartActivity(activity.id, given.by), moment)
    said: Event = {"kind": "activity-reported", "activity": activity.id, "by": given.by}
    said |= {"note": text(given.note, "note"), "documents": documents(given.documents)}
    if given.percent is not None:
        said["percent"] = number("percent", given.percent, _WHOLE)
    if given.remaining is not None:
        said["remaining"] = int(number("remaining", given.remaining, _MOST_DAYS))
    said |= _parts_and_cost(activity, given.parts, given.cost)
    before = course.journal.activities.get(activity.id, {"started": moment.today.isoformat()})
    _check_plan(course, moment, {activity.id: actual({**before, **said})})
    return [*begun, said]


def finish_activity(course: Course, given: FinishActivity, moment: Moment) -> list[Event]:
    """Note that an activity is done."""
    activity = _work(course, given.activity)
    if course.state(activity.id) == "done":
        raise ConflictError(f"`{activity.id}` is done already.", hint="Report its cost if that has changed.")
    check_free(course, activity.id)
    _check_ready(course, activity)
    if missing := course.unfinished(activity):
        raise ConflictError(
            f"`{activity.id}` cannot be finished before {', '.join(missing)}.", hint="Finish that first."
        )
    day = said_day(given.day, moment)
    known = course.journal.activities.get(activity.id, {}).get("started")
    started = said_day(given.started, moment) if given.started else date.fromisoformat(known) if known else day
    said: Event = {"kind": "activity-finished", "activity": activity.id, "by": given.by, "day": day.isoformat()}
    said |= {"started": started.isoformat(), "note": text(given.note, "note"), "documents": documents(given.documents)}
    said |= _parts_and_cost(activity, given.parts, given.cost)
    _check_plan(course, moment, {activity.id: Actual(started, day)})
    return [said]


def check_free(course: Course, name: str) -> None:
    """Refuse what a process does that runs; raises `ConflictError`."""
    known = course.journal.processes.get(name) or {}
    if known.get("state") in ("asked", "running"):
        problem = f"`{name}` is done by the process {known['instance']}."
        raise ConflictError(problem, hint="It is done when that ends; cancel the instance to do it by hand.")


def said_day(text_: str, moment: Moment) -> date:
    """Return the day that somebody names, or today; raises `InputError` for one that is still to come."""
    if not text_:
        return moment.today
    day = any_day(text_)
    if day > moment.today:
        raise InputError(f"{day} is still to come.", hint=f"Today is {moment.today}.")
    return day


def any_day(text_: str) -> date:
    """Return a day that somebody names; raises `InputError`."""
    try:
        return date.fromisoformat(text_)
    except ValueError as error:
        raise InputError(f"`{text_[:40]}` is no day.", hint="Write it as 2027-01-11.") from error


def text(given: str, what: str, *, needed: bool = False) -> str:
    """Return what somebody writes, without spaces around it; raises `InputError` when it is too long or missing."""
    said = given.strip()
    if needed and not said:
        raise InputError(f"It takes a {what}.", errors=[{"pointer": f"/{what}", "problem": "Say it in a few words."}])
    if len(said) > most_text:
        raise InputError(f"The {what} has more than {most_text:,} characters.", hint="Say it in fewer words.")
    return said


def documents(given: list[JSON]) -> list[JSON]:
    """Return files as they are kept; raises `InputError` when there are too many."""
    if len(given) > most_documents:
        raise InputError(f"There are more than {most_documents} files.", hint="Put them into one.")
    return list(given)


def number(name: str, given: float, most: int | Decimal) -> float:
    """Return a number that is not negative and at most `most`; raises `InputError`."""
    if not 0 <= given <= most:
        raise InputError(f"`{name}` is out of range.", hint=f"It is from 0 to {most}.")
    return float(given)


def cost(given: Mapping[str, str]) -> dict[str, str]:
    """Return money by factor as it is kept; raises `InputError`."""
    found = {}
    for factor, amount in given.items():
        if factor not in FACTORS:
            raise InputError(f"There is no cost factor `{factor[:40]}`.", hint=f"There are {', '.join(FACTORS)}.")
        try:
            value = Decimal(str(amount))
        except InvalidOperation as error:
            raise InputError(f"The cost for `{factor}` is no number.", hint="Write it as 1234.50.") from error
        if not value.is_finite() or not 0 <= value <= _MOST_MONEY:
            raise InputError(f"The cost for `{factor}` is out of range.", hint=f"It is from 0 to {_MOST_MONEY:,}.")
        found[factor] = str(value)
    return found


def _work(course: Course, name: str) -> Activity:
    found = course.activity(name)
    if found.gate:
        raise ConflictError(f"`{name}` is a gate.", hint="A gate is asked for and decided.")
    return found


def _check_ready(course: Course, activity: Activity) -> None:
    missing = course.missing(activity)
    if missing:
        shown = ", ".join(missing[:10])
        raise ConflictError(f"`{activity.id}` waits for {shown}.", hint="What it waits for has to be there first.")


def _parts_and_cost(activity: Activity, parts: list[int] | None, money: Mapping[str, str] | None) -> dict[str, JSON]:
    found: dict[str, JSON] = {}
    if parts is not None:
        unknown = [each for each in parts if not 1 <= each <= len(activity.parts)]
        if unknown:
            hint = f"It has {len(activity.parts)}." if activity.parts else "It has no milestones or deliverables."
            raise InputError(f"`{activity.id}` has no part {unknown[0]}.", hint=hint)
        found["parts"] = sorted(set(parts))
    if money is not None:
        found["cost"] = cost(money)
    return found


def _check_plan(course: Course, moment: Moment, happened: Mapping[str, Actual]) -> None:
    """Refuse what would contradict itself: the plan of what would be cannot be made then."""
    course.check(moment.today, {**course.actuals(), **happened})
