"""What a document says and what it leaves out, waves written out, and working days by number."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cauce.calendars import pinned
from cauce.errors import InputError
from schemas import load_file, load_yaml
from tests.effort import examples
from workflows.checking import Known, check
from workflows.roadmap.days import Days
from workflows.roadmap.model import FACTORS, Activity, Link
from workflows.roadmap.reading import roadmap_of
from workflows.working_time import WorkingTime

DEFINITIONS = Path(__file__).parents[3] / "definitions"
SHIPPED = sorted((DEFINITIONS / "roadmaps").glob("*.yaml"))
OFFICE = load_file(DEFINITIONS / "calendars" / "office-madrid.yaml").data
WAVES = """\
roadmap: waves
title: Waves
owners: {boss: {title: Boss}}
phases:
  - id: P1
    title: First
    activities:
      - {id: think, title: Think, pillar: strategy, owner: boss, days: 25, cost: {management: 100.10}}
    gate: {id: G1, title: Go, approvers: [boss]}
  - id: P2
    title: Second
    connectsTo: [{phase: P1}]
    waves: [{id: north, title: N}, {id: south, title: S, after: [north], lag: 5, scale: 0.5}]
    activities:
      - {id: teach, title: Teach, pillar: people, owner: boss, days: 5, cost: {training: 30, data: 10}}
      - {id: go, title: Go, pillar: people, owner: boss, days: 1, cost: {data: 1},
         after: [{activity: teach, type: SS, lag: 2}]}
    gate: {id: G2, title: Live, approvers: [boss], days: 1}
  - id: P3
    title: Third
    connectsTo: [{phase: P2}]
    activities:
      - {id: end, title: End, pillar: strategy, owner: boss, days: 5, cost: {integration: 1}}
    gate: {id: G3, title: Done, approvers: [boss]}
"""


def read(text: str = WAVES) -> dict[str, Activity]:
    return {each.id: each for each in roadmap_of(load_yaml(text, "r.yaml").data).activities}


def test_waves_are_written_out_one_after_the_other() -> None:
    found = read()
    assert list(found) == [
        *("think", "G1", "teach.north", "go.north", "G2.north", "teach.south", "go.south", "G2.south", "end", "G3"),
    ]
    assert found["teach.north"].links == (Link("G1"),)
    assert found["teach.south"].links == (Link("G1"), Link("G2.north", lag=5))
    assert found["go.south"].links == (Link("teach.south", "SS", 2),)
    assert found["G2.south"].links == (Link("teach.south"), Link("go.south"))
    assert found["end"].links == (Link("G2.north"), Link("G2.south"))
    assert (found["go.south"].wave, found["go.south"].phase, found["G2.north"].gate) == ("south", "P2", True)


def test_money_is_read_as_it_is_written_and_scaled_by_wave() -> None:
    found = read()
    assert found["think"].cost == {"management": Decimal("100.1")}
    assert (found["teach.north"].budget, found["teach.south"].budget) == (Decimal(40), Decimal(20))


def test_long_activities_earn_half_when_they_begin() -> None:
    assert [read()[name].rule for name in ("think", "teach.north")] == ["50/50", "0/100"]


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_shipped_roadmap_holds_together(file: Path) -> None:
    source = load_file(file)
    runs = [each["run"] for phase in source.data["phases"] for each in phase["activities"] if "run" in each]
    # The last one is what gates ask for.
    names = [*(run["process"] for run in runs), "sales.lead-to-order"]
    named = {name: load_file(DEFINITIONS / "processes" / f"{name.partition('.')[2]}.yaml").data for name in names}
    assert check([source], Known(calendars={"office-madrid": OFFICE}, processes=named)) == []
    roadmap = roadmap_of(source.data)
    spent = {factor for each in roadmap.activities for factor, amount in each.cost.items() if amount}
    assert spent | set(source.data["budget"].get("zero") or {}) == set(FACTORS)
    for each in roadmap.activities:
        assert isinstance(each.title, str) or set(each.title) == {"en", "es"}


def test_the_roll_out_has_what_it_is_to_have() -> None:
    document: Any = load_file(DEFINITIONS / "roadmaps" / "crm-rollout.yaml").data
    assert [phase["id"] for phase in document["phases"]] == [f"F{number}" for number in range(9)]
    assert [phase["gate"]["id"] for phase in document["phases"]] == [f"G{number}" for number in range(9)]
    assert all(phase["gate"]["evidence"] for phase in document["phases"])
    assert [risk["id"] for risk in document["risks"]] == [f"R-{number:02}" for number in range(1, 21)]
    assert all("metric" in risk["trigger"] for risk in document["risks"])
    assert document["quality"]
    assert document["stop"]
    assert set(document["thresholds"]) == {"cpi", "spi"}


@settings(max_examples=examples(100), deadline=None)
@given(st.dates(date(2020, 1, 1), date(2035, 1, 1)), st.integers(-900, 900))
def test_working_days_are_counted_both_ways(origin: date, offset: int) -> None:
    calendar = WorkingTime.of(pinned(OFFICE, date(2026, 1, 1))) if offset % 7 == 0 else None
    days, day = Days(calendar, origin), origin + timedelta(days=offset)
    number = days.number(day)
    found = days.day(number)
    assert found >= day
    assert days.number(found) == number
    assert days.after(found) == number + 1
    assert days.day(number - 1) < day
    between = [day + timedelta(days=each) for each in range((found - day).days)]
    assert not any(calendar.works(each) if calendar else each.weekday() < 5 for each in between)


@pytest.mark.parametrize("day", [date.min, date.max])
def test_days_further_than_a_hundred_years_are_refused(day: date) -> None:
    with pytest.raises(InputError, match="hundred years"):
        Days(None, date(2027, 1, 4)).after(day)


def test_holidays_are_no_working_days() -> None:
    days = Days(WorkingTime.of(pinned(OFFICE, date(2026, 1, 1))), date(2027, 1, 4))
    assert [days.day(number).isoformat() for number in (0, 1, 2, 3)] == [
        *("2027-01-04", "2027-01-05", "2027-01-07", "2027-01-08"),
    ]
