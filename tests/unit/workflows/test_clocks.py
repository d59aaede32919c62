"""Clocks of an instance on the fake engine: what tasks do to them, what happens by itself, and new runs."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import pytest

from cauce.calendars import pinned
from cauce.contract import Start
from tests.unit.workflows.fake_runtime import World
from tests.unit.workflows.samples import bundle
from tests.unit.workflows.test_working_time import OFFICE
from workflows.fault import Fault

JSON = Any
CLOCKS = {
    "answer": {
        "clock": "answer",
        "target": "PT10H",
        "warn": [50],
        "escalate": [
            {"at": 150, "assign": {"group": "managers"}, "raise": 20},
            {"before": "PT1H", "notify": {"group": "leads"}},
        ],
        "pauses": {"customer": {"most": "PT5H"}, "supplier": {}},
    },
    "daily": {
        "clock": "daily",
        "target": "PT10H",
        "escalate": [{"at": 100, "notify": {"group": "leads"}, "raise": 20, "again": "P1D"}],
    },
    "legal": {"clock": "legal", "target": "P30D"},
    "case": {"clock": "case", "calendar": "office", "targets": {"high": "PT4H", "low": "P5D"}, "warn": [75]},
}
ASK = "ask: {call: human-task, with: {form: f, assign: {group: g}}}"


def run(text: str, world: World | None = None, data: JSON = None) -> tuple[JSON, World]:
    process = {**bundle(text), "clocks": CLOCKS, "calendars": {"office": pinned(OFFICE, date(2026, 1, 1))}}
    world = world or World()
    return world.run(process, Start(input=data)), world


def told(world: World) -> list[str]:
    return [each["event"]["type"].split(".")[3] for each in world.clock_news]


def call(action: str, more: str = "") -> str:
    return f"{action}: {{call: clock, with: {{clock: answer, action: {action}{more}}}}}"


def test_a_clock_that_is_stopped_in_time_is_met() -> None:
    output, world = run(f"[{{{call('start')}}}, {{wait: {{wait: PT4H}}}}, {{{call('stop')}}}]")
    assert output == {
        "clock": "answer",
        "title": "answer",
        "state": "stopped",
        "severity": None,
        "startedAt": "2026-01-01T00:00:00Z",
        "dueAt": "2026-01-01T10:00:00Z",
        "stoppedAt": output["stoppedAt"],
        "percent": 40,
        "met": True,
        "steps": [],
    }
    assert told(world) == ["started", "stopped"]


def test_time_warns_breaches_and_escalates_each_once_and_in_order() -> None:
    output, world = run(f"[{{{call('start')}}}, {{wait: {{wait: PT20H}}}}, {{{call('stop')}}}]")
    assert told(world) == ["started", "warned", "escalated", "breached", "escalated", "stopped"]
    assert output["steps"] == ["warn 50", "escalate 1 -PT1H", "breach", "escalate 0 150"]
    assert (output["met"], output["breachedAt"], output["percent"]) == (False, "2026-01-01T10:00:00Z", 200)
    times = [each["event"]["time"][11:13] for each in world.clock_news]
    assert times == ["00", "05", "09", "10", "15", "20"]
    (act,) = [each["act"] for each in world.clock_news if "assign" in each.get("act", {})]
    assert act == {"step": "escalate 0 150", "assign": {"group": "managers"}, "raise": 20, "tasks": []}


DAILY = "{start: {call: clock, with: {clock: daily, action: start}}}"


@pytest.mark.parametrize("after", [None, 1])
def test_who_is_told_of_a_missed_clock_is_told_again_until_it_stops(after: int | None) -> None:
    stop = "{stop: {call: clock, with: {clock: daily, action: stop}}}"
    world = World(new_run_after=after)
    output, _ = run(f"[{DAILY}, {{n: {{wait: PT1H}}}}, {{w: {{wait: P3D}}}}, {stop}]", world)
    assert told(world) == ["started", "breached", *["escalated"] * 3, "stopped"]
    assert output["steps"] == ["breach", "escalate 0 100"]
    acts = [each["act"] for each in world.clock_news if "act" in each]
    assert [each["step"] for each in acts] == ["escalate 0 100", "escalate 0 100 #1", "escalate 0 100 #2"]
    assert ["raise" in each for each in acts] == [True, False, False]
    assert len({each["event"]["id"] for each in world.clock_news}) == 6


def test_of_several_times_that_nobody_could_tell_only_the_last_counts() -> None:
    world = World(operations={"write@erp": lambda _: 1 / 0})
    text = f"[{DAILY}, {{b: {{wait: P2D}}}}, {{c: {{call: write@erp}}}}]"
    with pytest.raises(ZeroDivisionError):
        run(text, world)
    again = World(operations={"write@erp": lambda _: "ok"}, begin=datetime(2026, 1, 9, tzinfo=UTC).timestamp())
    process = {**bundle(text), "clocks": CLOCKS, "calendars": {"office": pinned(OFFICE, date(2026, 1, 1))}}
    again.run(process, Start(journal={**world.journal, "problem": {"title": "broken"}}))
    assert told(again) == ["escalated", "stopped"]
    assert again.journal["clocks"]["daily"]["again"] == {"escalate 0 100": [2, "2026-01-08T10:00:00Z"]}


def test_a_pause_takes_no_time_and_ends_by_itself_when_it_says() -> None:
    pause = call("pause", ", reason: customer, until: {after: PT3H}")
    output, world = run(f"[{{{call('start')}}}, {{{pause}}}, {{wait: {{wait: PT4H}}}}, {{{call('stop')}}}]")
    assert told(world) == ["started", "paused", "resumed", "stopped"]
    assert (output["dueAt"], output["percent"]) == ("2026-01-01T13:00:00Z", 10)
    paused = world.clock_news[1]["clock"]
    assert (paused["state"], paused["pausedUntil"], paused["reason"]) == ("paused", "2026-01-01T03:00:00Z", "customer")


def test_who_resumes_earlier_gets_only_the_time_that_was_paused() -> None:
    pause = call("pause", ", reason: supplier, until: {at: '2026-01-01T08:00:00Z'}")
    text = f"[{{{call('start')}}}, {{{pause}}}, {{wait: {{wait: PT2H}}}}, {{{call('resume')}}}, {{{call('stop')}}}]"
    output, world = run(text)
    assert told(world) == ["started", "paused", "resumed", "stopped"]
    assert output["dueAt"][:16] == "2026-01-01T12:00"


def test_a_pause_is_never_longer_than_its_reason_allows() -> None:
    pause = call("pause", ", reason: customer, until: {after: P9D}")
    output, _ = run(f"[{{{call('start')}}}, {{{pause}}}]")
    assert output["pausedUntil"] == "2026-01-01T05:00:00Z"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (call("pause", ", reason: holiday"), "does not pause for 'holiday'"),
        (call("pause"), "does not pause for nothing"),
        (call("pause", ", reason: supplier"), "needs an end"),
        (call("pause", ", reason: supplier, until: {at: '2025-01-01'}"), "before it begins"),
        (call("pause", ", reason: supplier, until: {at: soon}"), "no moment"),
        ("pause: {call: clock, with: {clock: legal, action: pause, reason: customer}}", "never pauses"),
        ("stop: {call: clock, with: {clock: legal, action: stop}}", "was not started"),
        ("start: {call: clock, with: {clock: case, action: start, severity: odd}}", "no target for 'odd'"),
        ("start: {call: clock, with: {clock: case, action: start}}", "no target for nothing"),
        ("start: {call: clock, with: {clock: case, action: start, severity: '${ 5 }'}}", "a text of at most 100"),
        ("start: {call: clock, with: {clock: legal, action: start, from: '${ $workflow.input.x }'}}", "no moment"),
        ("start: {call: clock, with: {clock: legal, action: start, from: '${ $workflow.input.y }'}}", "no moment"),
        ("start: {call: clock, with: {clock: legal, action: start, from: '0001-01-01'}}", "20 years away"),
    ],
)
def test_what_a_clock_cannot_do_is_a_fault_that_says_why(text: str, says: str) -> None:
    world = World()
    with pytest.raises(Fault) as failed:
        run(f"[{{{call('start')}}}, {{{text}}}]", world, {"x": "never"})
    assert says in failed.value.problem["detail"]
    assert failed.value.problem["status"] == 400
    assert told(world) == ["started"]


def test_another_severity_counts_from_the_original_start_and_may_be_a_breach_at_once() -> None:
    text = """
    - start: {call: clock, with: {clock: case, action: start, severity: low, from: '2025-12-26T10:00'}}
    - change: {call: clock, with: {clock: case, action: change, severity: high}}
    """
    output, world = run(text)
    assert told(world) == ["started", "warned", "changed", "breached", "stopped"]
    assert (output["dueAt"], output["state"], output["met"]) == ("2025-12-26T13:00:00Z", "breached", False)
    assert world.clock_news[0]["clock"]["dueAt"] == "2026-01-05T09:00:00Z"


def test_a_clock_that_starts_again_is_another_one_and_one_that_runs_goes_on() -> None:
    text = f"[{{{call('start')}}}, {{a{call('start')}}}, {{{call('stop')}}}, {{b{call('start')}}}]"
    _, world = run(text)
    assert told(world) == ["started", "stopped", "started", "stopped"]
    assert len({each["id"] for each in world.clock_news}) == 2
    assert len({each["event"]["id"] for each in world.clock_news}) == 4


@pytest.mark.parametrize("after", [None, 1, 2, 3])
def test_clocks_go_on_in_new_runs_and_everything_is_told_once(after: int | None) -> None:
    text = f"[{{{call('start')}}}, {{n: {{wait: PT2H}}}}, {{m: {{wait: PT2H}}}}, {{{ASK}}}, {{w: {{wait: PT20H}}}}]"
    world = World(new_run_after=after, people={"ask": {"ok": True}})
    run(text, world)
    assert told(world) == ["started", "warned", "escalated", "breached", "escalated", "stopped"]
    assert world.runs == 1 if after is None else world.runs > 1
    assert world.journal["clock_notes"] == []


def test_a_clock_runs_on_while_a_person_is_waited_for_and_ends_with_a_cancelled_instance() -> None:
    world = World(cancel_at=40_000.0)
    with pytest.raises(asyncio.CancelledError):
        run(f"[{{{call('start')}}}, {{{ASK}}}]", world)
    assert told(world) == ["started", "warned", "escalated", "breached", "stopped"]


def test_after_a_fault_the_clock_is_as_late_as_it_is_when_the_instance_goes_on() -> None:
    text = f"[{{{call('start')}}}, {{b: {{wait: PT1H}}}}, {{c: {{call: write@erp}}}}]"
    world = World(operations={"write@erp": lambda _: 1 / 0})
    with pytest.raises(ZeroDivisionError):
        run(text, world)
    again = World(operations={"write@erp": lambda _: "ok"}, begin=datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp())
    process = {**bundle(text), "clocks": CLOCKS, "calendars": {"office": pinned(OFFICE, date(2026, 1, 1))}}
    again.run(process, Start(journal={**world.journal, "problem": {"title": "broken"}}))
    assert told(again) == ["warned", "escalated", "breached", "stopped"]
