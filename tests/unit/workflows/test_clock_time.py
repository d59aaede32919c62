"""When clocks are due: deadlines by hand, and the laws that hold for any calendar and any pauses."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cauce.calendars import pinned
from cauce.errors import ExpressionError
from tests.unit.workflows.test_working_time import NEW_YORK, NIGHTS, OFFICE, ROUND_THE_CLOCK
from workflows.clock_time import Reckoning, moment_of, text_of
from workflows.working_time import Length, WorkingTime

MADRID = ZoneInfo("Europe/Madrid")
CALENDARS = {
    name: WorkingTime.of(pinned(each, date(2026, 1, 1)))
    for name, each in (("office", OFFICE), ("nights", NIGHTS), ("new-york", NEW_YORK), ("always", ROUND_THE_CLOCK))
}
HERE = CALENDARS["office"]


def madrid(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MADRID)


@pytest.mark.parametrize(
    ("begun", "target", "pauses", "due"),
    [
        ("2026-11-18T10:00", "PT4H", [], "2026-11-18T14:00"),
        # Before, between and after the hours of a day.
        ("2026-11-18T07:00", "PT4H", [], "2026-11-18T13:00"),
        ("2026-11-18T14:30", "PT4H", [], "2026-11-19T10:00"),
        ("2026-11-21T12:00", "PT1H", [], "2026-11-23T10:00"),
        # Over a holiday week: 24 December is short, the 25th a holiday, and there is 1 and 6 January.
        ("2026-12-23T17:00", "PT10H", [], "2026-12-28T13:30"),
        ("2026-12-23T10:00", "P10D", [], "2027-01-11T10:00"),
        # A pause on a day of work, one over a weekend, one outside the hours, and two of them.
        ("2026-11-18T10:00", "PT4H", [("2026-11-18T11:00", "2026-11-18T12:00")], "2026-11-18T16:30"),
        ("2026-11-20T14:00", "PT2H", [("2026-11-20T14:30", "2026-11-23T09:30")], "2026-11-23T11:00"),
        ("2026-11-18T10:00", "PT4H", [("2026-11-18T14:00", "2026-11-18T15:30")], "2026-11-18T14:00"),
        (
            "2026-11-18T09:00",
            "PT4H",
            [("2026-11-18T10:00", "2026-11-18T11:00"), ("2026-11-18T13:00", "2026-11-18T14:00")],
            "2026-11-18T16:30",
        ),
        # What pauses when it is over already changes nothing.
        ("2026-11-18T10:00", "PT1H", [("2026-11-18T12:00", "2026-11-25T12:00")], "2026-11-18T11:00"),
        # Days of a target, then hours of a pause.
        ("2026-11-18T10:00", "P2D", [("2026-11-18T12:00", "2026-11-19T12:00")], "2026-11-23T12:00"),
    ],
)
def test_deadlines_of_an_office(begun: str, target: str, pauses: list[tuple[str, str]], due: str) -> None:
    spans = [(madrid(begin), madrid(end)) for begin, end in pauses]
    assert Reckoning(HERE, madrid(begun), target, spans).due == madrid(due)


@pytest.mark.parametrize(
    ("begun", "target", "due"),
    [
        ("2027-01-31T10:00", "P1M", "2027-02-28T10:00"),
        ("2028-01-31T10:00", "P1M", "2028-02-29T10:00"),
        ("2028-02-28T10:00", "P2D", "2028-03-01T10:00"),
        ("2026-12-24T10:00", "P15D", "2027-01-08T10:00"),
    ],
)
def test_without_a_calendar_every_day_counts(begun: str, target: str, due: str) -> None:
    legal = Reckoning(None, datetime.fromisoformat(f"{begun}+00:00"), target)
    assert legal.due == datetime.fromisoformat(f"{due}+00:00")
    assert legal.before("P3D") == legal.due - timedelta(days=3)


def test_steps_are_where_their_share_of_the_time_has_passed() -> None:
    clock = Reckoning(
        HERE, madrid("2026-11-18T10:00"), "PT8H", [(madrid("2026-11-18T12:00"), madrid("2026-11-18T13:00"))]
    )
    assert clock.due == madrid("2026-11-19T11:00")
    assert clock.at(50) == madrid("2026-11-18T16:30")
    assert clock.at(100) == clock.due
    assert clock.at(150) == madrid("2026-11-19T16:30")
    assert clock.before("PT1H30M") == madrid("2026-11-19T09:30")
    assert clock.before("P1D") == madrid("2026-11-18T11:00")
    assert clock.percent(madrid("2026-11-18T12:30")) == 25
    assert clock.left(madrid("2026-11-18T12:30")) == timedelta(hours=6)
    assert clock.left(madrid("2026-11-19T12:00")) == timedelta(hours=-1)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-23", "2026-12-22T23:00:00Z"),
        ("2026-07-01T10:00", "2026-07-01T08:00:00Z"),
        ("2026-07-01T10:00:00Z", "2026-07-01T10:00:00Z"),
        ({"iso8601": "2026-07-01T10:00:00.5Z"}, "2026-07-01T10:00:00.500000Z"),
    ],
)
def test_moments_are_read_in_the_zone_of_the_calendar(text: Any, moment: str) -> None:
    assert text_of(moment_of(text, HERE)) == moment


@pytest.mark.parametrize("value", ["yesterday", None, 5, {}, "9999-12-31T23:00-10:00", ["2026-01-01"]])
def test_what_is_no_moment_is_refused(value: Any) -> None:
    with pytest.raises(ExpressionError):
        moment_of(value, HERE)


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 6, 1), timezones=st.just(UTC))  # noqa: DTZ001 - UTC is given
SECONDS = st.integers(1, 200_000).map(lambda number: timedelta(seconds=number))
TARGETS = st.sampled_from(["PT1H", "PT4H", "P1D", "P5D", "PT90S"])
STEPS = st.lists(st.tuples(SECONDS, SECONDS), max_size=3)


def spans(start: datetime, steps: list[tuple[timedelta, timedelta]]) -> list[tuple[datetime, datetime]]:
    """Return pauses one after the other."""
    found = []
    for wait, lasts in steps:
        found.append((start + wait, start + wait + lasts))
        start = found[-1][1]
    return found


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([*CALENDARS.values()]), MOMENTS, TARGETS, STEPS)
def test_pauses_add_exactly_the_working_time_that_was_paused(
    here: WorkingTime, start: datetime, target: str, steps: list[tuple[timedelta, timedelta]]
) -> None:
    pauses = spans(start, steps)
    plain, paused = Reckoning(here, start, target), Reckoning(here, start, target, pauses)
    counted = [(begin, end) for begin, end in pauses if begin < paused.due]
    added = sum((here.between(begin, end) for begin, end in counted), timedelta())
    assert here.between(start, paused.due) == here.between(start, plain.due) + added
    assert paused.due >= plain.due
    assert paused.elapsed(paused.due) == plain.elapsed(plain.due)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([*CALENDARS.values(), None]), MOMENTS, TARGETS, STEPS)
def test_what_comes_first_on_the_ladder_comes_first_in_time(
    here: WorkingTime | None, start: datetime, target: str, steps: list[tuple[timedelta, timedelta]]
) -> None:
    clock = Reckoning(here, start, target, spans(start, steps))
    moments = [clock.at(percent) for percent in (10, 50, 75, 99, 100, 101, 150)]
    assert moments == sorted(moments)
    percents = [clock.percent(moment) for moment in moments]
    assert percents == sorted(percents)
    assert clock.percent(clock.due) == 100
    assert clock.left(clock.due) == timedelta()


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([*CALENDARS.values()]), MOMENTS, SECONDS, st.integers(0, 6))
def test_before_an_end_there_is_as_much_working_time_as_was_asked_for(
    here: WorkingTime, end: datetime, left: timedelta, days: int
) -> None:
    assert here.between(here.before(end, Length(0, left)), end) == left
    assert here.before(end, Length(days + 1)) <= here.before(end, Length(days)) <= end
