"""Runs every case on the real engine: a Temporal server whose clock moves when nothing else can happen."""

import json
import urllib.parse
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select
from temporalio.client import WorkflowHandle

from cauce import contract
from cauce.contract import Start
from cauce.services import definitions, events
from cauce.single import Report
from cauce.store.models import Event, Task
from schemas import load_yaml
from tests.conformance.case import STANDARD, Case, cases
from tests.conformance.conftest import DESIGNER, Place
from tests.effort import WHOLE

ALL = cases()
JSON = Any
LONG_LIVED = {
    "Call / by hand",
    "Call / clock",
    "Call / human-task",
    "Retry",
    "Timeout",
    "Task / fork",
    "Extension",
    "Task / listen",
    "Task / emit",
    "Listen / correlate",
    "Listen / foreach",
    "Listen / until",
}


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.id}: {case.title}") for case in ALL])
async def test_process_behaves_as_its_case_says(case: Case, place: Place) -> None:
    await run_case(case, place)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.id}: {case.title}") for case in ALL if case.sandbox])
async def test_sandbox_finds_nothing_that_is_not_deterministic(case: Case, sandbox: Place) -> None:
    await run_case(case, sandbox)


# Each fifth of them, or all where there is time: a process in many runs takes twice as long.
LASTING = [case for case in ALL if case.row in LONG_LIVED and not case.exact_time][:: 1 if WHOLE else 5]


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.id}: {case.title}") for case in LASTING])
async def test_new_runs_make_no_difference(case: Case, hasty: Place) -> None:
    await run_case(case, hasty)


async def run_case(case: Case, place: Place) -> None:
    """Run a case and check everything that it expects."""
    base = place.stand_in.prepare(case.id, case.http)
    bundle = await bundle_of(case, place, case.document(base))
    handle, skipper = await place.bench.start(bundle, Start(input=case.input, trace=True))
    for event in case.whole(case.early, "early"):
        await events.receive(place.bench.hub, DESIGNER, event)
    report = await place.bench.finish(handle, skipper, case.answers, case.whole(case.events, "event"))
    _check_end(case, report)
    _check_tasks(case, report)
    if case.received is not None:
        _check_received(case, place.stand_in.received[case.id])
    if case.context is not None:
        assert (await handle.query(contract.STATE))["context"] == case.context
    if case.emitted is not None:
        await _check_emitted(case, place, handle)
    if case.inbox is not None:
        assert await _inbox(place, handle, case.inbox) == case.inbox
    if case.given is not None:
        assert await _given(place, handle) == case.given


async def bundle_of(case: Case, place: Place, document: JSON) -> JSON:
    if case.unchecked:
        empty: dict[str, JSON] = {name: {} for name in ("operations", "forms", "decisions", "stages")}
        head = {name: document["document"][name] for name in ("namespace", "name", "version")}
        return {"format": 1, **head, "document": document, **empty}
    source = load_yaml(json.dumps(document), f"{case.id}.yaml")
    await definitions.publish(place.hub, DESIGNER, [source])
    return (await definitions.definition(place.hub, f"conformance.{case.id}", "1.0.0")).bundle


def _check_end(case: Case, report: Report) -> None:
    assert report.status == case.status, report
    if case.error is None:
        output = report.output
        if case.shows is not None:
            assert [text for text in case.shows if text not in json.dumps(output)] == []
            return
        for name in case.unsteady:
            assert output.pop(name)
        assert output == case.output
        return
    wanted = dict(case.error)
    assert wanted.pop("says", "") in report.error.get("detail", "")
    if "type" in wanted and "://" not in wanted["type"]:
        wanted["type"] = STANDARD + wanted["type"]
    assert {key: report.error.get(key) for key in wanted} == wanted


def _check_tasks(case: Case, report: Report) -> None:
    if case.tasks is None:
        return
    met = [
        f"{task['reference'] if wanted.startswith('/') else task['name']} {task['status']}"
        for task, wanted in zip(report.tasks, [*case.tasks, *report.tasks], strict=False)
        if isinstance(wanted, str)
    ]
    assert met == case.tasks
    assert len(report.tasks) == len(case.tasks), report.tasks


def _check_received(case: Case, received: list[dict[str, JSON]]) -> None:
    assert case.received is not None
    assert len(received) == len(case.received), received
    for wanted, met in zip(case.received, received, strict=True):
        for key, value in wanted.items():
            if key in {"headers", "query"}:
                assert {name: met[key].get(name) for name in value} == value
            elif key == "path":
                assert urllib.parse.unquote(met[key]) == value
            else:
                assert met[key] == value


async def _check_emitted(case: Case, place: Place, handle: WorkflowHandle[Any, Any]) -> None:
    async with place.hub.store.read() as db:
        query = select(Event.document).where(Event.instance == handle.id).order_by(Event.id)
        met = (await db.scalars(query)).all()
    assert case.emitted is not None
    wanted = [{key: each.get(key) for key in shown} for shown, each in zip(case.emitted, met, strict=True)]
    assert wanted == case.emitted


async def _inbox(place: Place, handle: WorkflowHandle[Any, Any], wanted: Mapping[str, JSON]) -> dict[str, JSON]:
    async with place.hub.store.read() as db:
        rows = (await db.scalars(select(Task).filter_by(instance=handle.id))).all()
    shown = {row.name: (row, wanted.get(row.name)) for row in rows}
    return {
        name: {key: getattr(row, key) for key in asked} if isinstance(asked, dict) else row.state
        for name, (row, asked) in shown.items()
    }


async def _given(place: Place, handle: WorkflowHandle[Any, Any]) -> dict[str, str]:
    async with place.hub.store.read() as db:
        rows = (await db.scalars(select(Task).filter_by(instance=handle.id))).all()
    return {row.name: f"{row.user or f'group {row.group}'} ({(row.assignment or {}).get('how')})" for row in rows}
