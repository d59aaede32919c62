"""Activities that processes do, with a worker: started once, heard of across new runs, cancelled with their roadmap."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import pytest

from cauce import roadmaps
from cauce.errors import DefinitionError, ExpressionError, NotFoundError
from cauce.services import instances, tasks
from cauce.services.hub import Hub
from cauce.services.roadmaps import process_inputs, processes, running
from cauce.store import definitions, register
from cauce.store.definitions import NewDefinition
from cauce.store.models import RoadmapStep
from tests.integration.services.conftest import boss, publish
from tests.integration.services.test_roadmaps import cris, pia
from tests.integration.store.roadmap_run import begun
from workflows import roadmap_workflow

Found = TypeVar("Found")
PROCESS = """
document: {dsl: '1.0.3', namespace: roadmap, name: look, version: 1.0.0, metadata: {cauce: {timezone: UTC}}}
timeout: {after: P1Y}
input: {schema: {document: {type: object, required: [activity, colour]}}}
do:
  - look:
      call: human-task
      with:
        form: look
        title: Look
        assign: {group: crew}
        due: {after: P1D}
  - judge:
      set: '${ {outcome: .answer.word, passed: (.answer.word == "good")} }'
"""
FORM = """
form: look
title: Look
schema: {type: object, required: [word], properties: {word: {type: string, title: Word}}}
"""
ACTIVITY = {"title": "A", "pillar": "strategy", "owner": "crew", "days": 2}
COST = {"cost": {"data": 1, "training": 1, "management": 1, "integration": 1}}


@pytest.fixture
def store_url(tmp_path: object) -> str:
    return f"sqlite:///{tmp_path}/processes.db"


def document(name: str, *dones: Any) -> str:
    """Return a roadmap whose activities are done by processes, one after the other."""
    work = [
        {"id": f"a{number}", **ACTIVITY, **COST, "run": run} | ({"after": [f"a{number - 1}"]} if number else {})
        for number, run in enumerate(dones)
    ]
    phase = {"id": "P1", "title": "P", "activities": work, "gate": {"id": "G1", "title": "G", "approvers": ["crew"]}}
    owners = {"crew": {"title": "C", "group": "crew"}}
    start = datetime.now(UTC).date().isoformat()
    return json.dumps({"roadmap": name, "title": "R", "start": start, "owners": owners, "phases": [phase]})


async def soon(look: Callable[[], Awaitable[Found]], holds: Callable[[Found], bool]) -> Found:
    for _ in range(400):
        if holds(found := await look()):
            return found
        await asyncio.sleep(0.05)
    raise TimeoutError


async def answer(hub: Hub, name: str, given: dict[str, str]) -> tasks.TaskView:
    """Answer a task of the inbox once it is there."""

    async def look() -> list[tasks.TaskView]:
        return [each for each in (await tasks.inbox(hub, cris)).tasks if each.name.startswith(name)]

    (task, *_) = await soon(look, bool)
    await tasks.complete(hub, cris, task.id, given)
    return task


async def step(hub: Hub, run: str, name: str, state: str) -> running.StepView:
    async def look() -> running.StepView:
        return next(each for each in (await running.running(hub, cris, run)).steps if each.id == name)

    return await soon(look, lambda found: (found.process or {}).get("state") == state)


TOLD = {
    "colour": '${ $register.figures["failed-pilots"] | "red \\(.)" }',
    "who": "${ $roadmap.owners[$activity.owner].title }",
    "of": "${ [$roadmap.name, $roadmap.key, $activity.phase, $activity.gate, $activity.id] }",
    "pilots": '${ [$register.entries[] | select(.kind == "pilot") | .code] }',
    "by": "${ $activity.finish }",
    "plain": ["$activity", 3],
}


async def test_what_a_process_is_told_is_evaluated_when_it_starts(lonely_hub: Hub) -> None:
    async with lonely_hub.store.transaction() as db:
        row = begun("told", "1")
        db.add(row)
        said = json.loads(document("told", {"process": "roadmap.look", "input": TOLD}))
        await definitions.add(db, NewDefinition("roadmap", "told", "d", "-", said, "boss", version="-"))
        values = {"run": row.id, "id": "a0", "owner": "crew", "finish": date(2027, 1, 4), "spent": "0", "budget": "4"}
        texts = dict.fromkeys(("kind", "phase", "wave", "title", "pillar", "state"), "")
        db.add(RoadmapStep(**values, **texts, place=0, approvers=[], total_float=0, critical=False))
        for code in ("P-1", "P-2"):
            await register.note(db, register.Step("told/1", "pilot", code, "failed", code, datetime.now(UTC)))

    def wanted(**given: Any) -> roadmaps.StartProcess:
        return roadmaps.StartProcess(row.id, "roadmap.look", "told/1/a0", given, "a0")

    assert await process_inputs.filled(lonely_hub, wanted(**TOLD)) == {
        "colour": "red 2",
        "who": "C",
        "of": ["told", "1", "P1", "G1", "a0"],
        "pilots": ["P-2", "P-1"],
        "by": "2027-01-04",
        "plain": ["$activity", 3],
    }
    for text, said in (("${ $activity.id + 1 }", "string and number cannot be added"), ("${ $nobody }", "nobody")):
        with pytest.raises(ExpressionError, match=said):
            await process_inputs.filled(lonely_hub, wanted(colour=text))
    with pytest.raises(NotFoundError, match="no activity `a0` that runs in roadmap:other/1"):
        await process_inputs.filled(lonely_hub, replace(wanted(colour="${ 1 }"), roadmap="roadmap:other/1"))


@pytest.mark.usefixtures("worker")
async def test_processes_do_activities_again_until_they_pass(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    # Its ends come to other runs of the roadmap than the one that started it.
    monkeypatch.setattr(roadmap_workflow, "most_turns", 4)
    look = {"process": "roadmap.look", "input": {"colour": "${ $activity.owner }"}}
    await publish(hub, FORM, PROCESS)
    with pytest.raises(DefinitionError, match=r"did you mean `roadmap\.look`"):
        await publish(hub, document("looks", {"process": "roadmap.lok"}))
    await publish(hub, document("looks", look, look))
    run = (await running.start(hub, pia, "looks", key="1")).id
    first = await step(hub, run, "a0", "running")
    instance = "roadmap.look/looks/1/a0"
    assert (first.state, first.process["instance"], first.process["version"]) == ("started", instance, "1.0.0")
    # Asked to start it again, as after a worker that was killed, it finds it.
    again = roadmaps.StartProcess(run, "roadmap.look", "looks/1/a0", {"activity": "a0", "colour": "red"})
    assert await processes.start(hub, again) == roadmaps.ProcessStarted("1.0.0")
    other = roadmaps.StartProcess("roadmap:other/1", "roadmap.look", "looks/1/a0", again.input)
    assert "exists already" in (await processes.start(hub, other)).problem
    assert (await answer(hub, "look", {"word": "bad"})).ancestors == (run,)
    ended = await step(hub, run, "a0", "ended")
    assert (ended.state, ended.process["outcome"], ended.process["passed"]) == ("started", "bad", False)
    await answer(hub, "process:a0:1", {"decision": "again"})
    await answer(hub, "look", {"word": "good"})
    assert (await step(hub, run, "a0", "ended")).process["round"] == 2
    await ends_with_the_roadmap(hub, run)


async def ends_with_the_roadmap(hub: Hub, run: str) -> None:
    """Begin the second activity before its day, and cancel the roadmap while its process is open."""
    await running.act(hub, cris, run, roadmaps.StartActivity("a1", ""))
    await step(hub, run, "a1", "running")
    await instances.cancel(hub, boss, "roadmap.look/looks/1/a1")
    cancelled = await step(hub, run, "a1", "ended")
    assert (cancelled.process["how"], cancelled.state) == ("cancelled", "started")
    await running.act(hub, pia, run, roadmaps.RunActivity("a1", "", "again"))
    await step(hub, run, "a1", "running")
    await running.act(hub, pia, run, roadmaps.CancelRoadmap("", "no money"))
    await step(hub, run, "a1", "left")

    async def look() -> instances.Detail:
        return await instances.instance(hub, boss, "roadmap.look/looks/1/a1/2")

    await soon(look, lambda found: found.summary.status == "cancelled")
    # One that was cancelled has told it; one that is terminated or gone never does.
    known = ["roadmap.look/looks/1/a1/2", "roadmap.look/looks/1/gone", "roadmap.look/ended"]
    again = roadmaps.StartProcess(run, "roadmap.look", "ended", {"activity": "a0", "colour": "red"})
    await processes.start(hub, again)
    await hub.temporal.get_workflow_handle("roadmap.look/ended").terminate()
    assert [(each.instance, each.state) for each in await processes.look(hub, known)] == [
        ("roadmap.look/looks/1/gone", "cancelled"),
        ("roadmap.look/ended", "cancelled"),
    ]
    kinds = [each.kind for each in await running.history(hub, pia, run)]
    assert (kinds.count("process-asked"), kinds.count("process-started"), kinds.count("process-left")) == (4, 4, 1)
