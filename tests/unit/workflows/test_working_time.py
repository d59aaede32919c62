"""Working time: deadlines by hand, and the laws that hold for any calendar."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cauce.calendars import pinned
from cauce.contract import Start
from cauce.errors import ExpressionError
from tests.unit.workflows.fake_runtime import World
from tests.unit.workflows.samples import bundle
from workflows.fault import Fault
from workflows.working_time import Length, WorkingTime, working_length

MADRID = ZoneInfo("Europe/Madrid")
OFFICE = {
    "timezone": "Europe/Madrid",
    "hours": {"weekdays": ["09:00-14:00", "15:30-18:30"], "friday": ["09:00-15:00"]},
    "holidays": {"country": "ES", "region": "MD"},
    "exceptions": [
        {"on": "2026-12-24", "hours": ["09:00-13:00"]},
        {"on": "2026-08-10", "to": "2026-08-14", "hours": []},
    ],
}
NIGHTS = {"timezone": "Europe/Madrid", "hours": {"saturday": ["22:00-24:00"], "sunday": ["00:00-06:00"]}}
NEW_YORK = {"timezone": "America/New_York", "hours": {"monday": ["00:00-24:00"], "wednesday": ["10:00-11:00"]}}
ROUND_THE_CLOCK = {
    "timezone": "UTC",
    "hours": {"weekdays": ["00:00-24:00"], "saturday": ["00:00-24:00"], "sunday": ["00:00-24:00"]},
}


def calendar(document: Any) -> WorkingTime:
    return WorkingTime.of(pinned(document, date(2026, 1, 1)))


def madrid(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MADRID)


@pytest.mark.parametrize(
    ("start", "length", "end"),
    [
        # Wednesday; the lunch break does not count.
        ("2026-11-18T13:00", "PT2H", "2026-11-18T16:30"),
        ("2026-11-18T10:00", "PT4H", "2026-11-18T14:00"),
        ("2026-11-18T14:10", "PT1H", "2026-11-18T16:30"),
        ("2026-11-18T20:00", "PT30M", "2026-11-19T09:30"),
        # Over a weekend that begins early.
        ("2026-11-20T14:00", "PT4H", "2026-11-23T12:00"),
        ("2026-11-20T16:00", "P1D", "2026-11-24T09:00"),
        # 24 December is short, the 25th a holiday, then comes a weekend.
        ("2026-12-23T18:00", "PT5H", "2026-12-28T09:30"),
        ("2026-12-23T17:00", "P1D", "2026-12-24T13:00"),
        ("2026-12-23T10:00", "P3D", "2026-12-29T10:00"),
        # The regional holiday of Madrid, and a week off.
        ("2026-04-30T10:00", "P1D", "2026-05-04T10:00"),
        ("2026-08-07T10:00", "P1D", "2026-08-17T10:00"),
        # A day that has no such hour ends with its hours; a break is over before work goes on.
        ("2026-11-19T18:00", "P1D", "2026-11-20T15:00"),
        ("2026-11-20T14:30", "P1D", "2026-11-23T15:30"),
        ("2026-11-18T10:00", "P1W", "2026-11-25T10:00"),
        ("2026-11-18T10:00", "P1DT2H", "2026-11-19T12:00"),
        ("2026-11-22T12:00", "PT0S", "2026-11-22T12:00"),
        # 29 February, and the end of a year.
        ("2028-02-28T18:00", "PT9H", "2028-03-01T09:30"),
        ("2026-12-30T18:00", "PT1H", "2026-12-31T09:30"),
    ],
)
def test_deadlines_of_an_office(start: str, length: str, end: str) -> None:
    assert calendar(OFFICE).after(madrid(start), working_length(length)) == madrid(end)


def test_the_nights_when_the_clocks_change_have_an_hour_less_and_an_hour_more() -> None:
    nights = calendar(NIGHTS)
    assert nights.after(madrid("2026-03-28T22:00"), working_length("PT7H")) == madrid("2026-03-29T06:00")
    assert nights.after(madrid("2026-10-24T22:00"), working_length("PT9H")) == madrid("2026-10-25T06:00")
    assert nights.between(madrid("2026-10-24T12:00"), madrid("2026-10-25T12:00")) == timedelta(hours=9)


def test_hours_that_the_change_to_summer_time_leaves_out_are_no_working_time() -> None:
    lost = calendar({"timezone": "Europe/Madrid", "hours": {"sunday": ["02:00-03:00", "10:00-11:00"]}})
    assert lost.after(madrid("2026-03-29T00:00"), working_length("PT1H")) == madrid("2026-03-29T11:00")


@pytest.mark.parametrize("value", ["P1M", "P1Y", "two days", "P0.5D", 5, None, {}, {"days": 0.5}, {"weeks": 1}, "-P1D"])
def test_what_has_no_length_in_working_time_is_refused(value: Any) -> None:
    with pytest.raises(ExpressionError):
        working_length(value)


def test_a_length_may_be_an_object() -> None:
    assert working_length({"days": 1, "hours": 2, "milliseconds": 500}) == Length(
        1, timedelta(hours=2, milliseconds=500)
    )


def test_more_than_a_hundred_years_of_working_time_is_an_error_and_no_search_without_end() -> None:
    rare = WorkingTime(ZoneInfo("UTC"), ((),) * 7, {"2026-01-05": ("09:00-10:00",)})
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert rare.after(start, working_length("PT1H")) == datetime(2026, 1, 5, 10, tzinfo=UTC)
    for length in ("PT2H", "P1D"):
        with pytest.raises(ExpressionError):
            rare.after(start, working_length(length))


CALENDARS = st.sampled_from([calendar(each) for each in (OFFICE, NIGHTS, NEW_YORK, ROUND_THE_CLOCK)])
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - UTC is given
SECONDS = st.integers(0, 400_000).map(lambda number: timedelta(seconds=number))


@settings(max_examples=60, deadline=None)
@given(CALENDARS, MOMENTS, SECONDS)
def test_as_much_time_is_worked_until_a_deadline_as_was_asked_for(
    here: WorkingTime, start: datetime, left: timedelta
) -> None:
    end = here.after(start, Length(0, left))
    assert end >= start
    assert here.between(start, end) == left


@settings(max_examples=60, deadline=None)
@given(CALENDARS, MOMENTS, SECONDS, SECONDS)
def test_two_lengths_one_after_the_other_are_their_sum(
    here: WorkingTime, start: datetime, one: timedelta, other: timedelta
) -> None:
    assert here.after(here.after(start, Length(0, one)), Length(0, other)) == here.after(start, Length(0, one + other))


@settings(max_examples=60, deadline=None)
@given(CALENDARS, MOMENTS, MOMENTS, st.integers(0, 12), SECONDS)
def test_who_begins_later_is_not_done_earlier(
    here: WorkingTime, one: datetime, other: datetime, days: int, left: timedelta
) -> None:
    length = Length(days, left)
    assert here.after(min(one, other), length) <= here.after(max(one, other), length)


@settings(max_examples=40, deadline=None)
@given(CALENDARS, MOMENTS, MOMENTS, MOMENTS)
def test_the_parts_of_a_time_add_up(here: WorkingTime, one: datetime, other: datetime, third: datetime) -> None:
    first, middle, last = sorted((one, other, third))
    assert here.between(first, middle) + here.between(middle, last) == here.between(first, last)


@settings(max_examples=40, deadline=None)
@given(MOMENTS, SECONDS)
def test_round_the_clock_working_time_is_time(start: datetime, left: timedelta) -> None:
    here = calendar(ROUND_THE_CLOCK)
    assert here.after(start, Length(0, left)) == start + left
    assert here.after(start, Length(3)) == start + timedelta(days=3)


def due_of(due: str) -> datetime:
    """Return when a task is due that is opened on Saturday 22 November 2025 at noon in Madrid."""
    begin = madrid("2025-11-22T12:00").timestamp()
    world = World(people={"ask": {"ok": True}}, begin=begin)
    process = bundle(f"[{{ask: {{call: human-task, with: {{form: f, assign: {{group: g}}, due: {due}}}}}}}]")
    world.run({**process, "calendars": {"office": pinned(OFFICE, date(2026, 1, 1))}}, Start(input={"hours": "PT4H"}))
    ((task, _),) = world.inbox.values()
    assert task.due_at is not None
    return datetime.fromisoformat(task.due_at)


def test_a_task_is_due_in_the_working_time_of_its_calendar() -> None:
    assert due_of("{after: PT4H, calendar: office}") == madrid("2025-11-24T13:00")
    assert due_of("{after: '${ .hours }', calendar: office}") == madrid("2025-11-24T13:00")
    assert due_of("{after: {days: 1, hours: 2}, calendar: office}") == madrid("2025-11-25T11:00")
    assert due_of("{after: PT4H}") == madrid("2025-11-22T16:00")


def test_a_length_that_is_only_known_to_be_wrong_at_run_time_is_a_fault_of_the_process() -> None:
    with pytest.raises(Fault, match="no length of working time"):
        due_of("{after: '${ \"P1M\" }', calendar: office}")


@pytest.mark.parametrize("new_run_after", [None, 1])
@pytest.mark.parametrize(
    ("calendar", "end"),
    [("", "2025-11-21T18:00"), (", metadata: {cauce: {calendar: office}}", "2025-11-24T12:00")],
)
@pytest.mark.parametrize("waits", ["wait: PT4H", "timeout: {after: PT4H}, do: [{n: {wait: P9D}}]"])
def test_a_time_limit_and_a_wait_count_in_the_calendar_of_their_task(
    waits: str, calendar: str, end: str, new_run_after: int | None
) -> None:
    # From Friday 21 November 2025 at 14:00 in Madrid.
    world = World(begin=madrid("2025-11-21T14:00").timestamp(), new_run_after=new_run_after)
    caught = f"try: [{{a: {{{waits}{calendar}}}}}], catch: {{errors: {{with: {{status: 408}}}}}}"
    process = bundle(f"[{{all: {{{caught}}}}}, {{end: {{set: '${{ $task.startedAt.epoch.seconds }}'}}}}]")
    found = world.run({**process, "calendars": {"office": pinned(OFFICE, date(2026, 1, 1))}}, Start())
    assert found == madrid(end).timestamp()
