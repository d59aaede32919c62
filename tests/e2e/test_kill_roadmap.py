"""Kills the worker, Temporal and the API while processes do the activities of a roadmap: none is lost or done twice."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.desk import Desk, opened, overseer, read, until
from tests.e2e.installation import Installation, started
from tests.e2e.test_kill import Allowance, Staff, kill, patiently

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.soak, pytest.mark.timeout(900)]
JSON = Any
PLACE = "/roadmaps/running/killed/1"
MANAGER, SELLER = "luis", "ana"
ACTIVITIES = 12
PROCESS = """
document: {dsl: '1.0.3', namespace: kills, name: NAME, version: 1.0.0, metadata: {cauce: {timezone: UTC}}}
timeout: {after: P1D}
do:
  - first: FIRST
  - judge: {set: {outcome: good, passed: true}}
"""
FORM = """
form: kills-look
title: Look
schema: {type: object, required: [word], properties: {word: {type: string, title: Word}}}
"""
KINDS = {
    "clock": "{wait: PT2S}",
    "person": "{call: human-task, with: {form: kills-look, title: Look, assign: {group: sales}, due: {after: P1D}}}",
}


def files() -> dict[str, str]:
    """Return what is published: a process that waits, one that asks a person, and a roadmap done by them in turn."""
    made = {f"{kind}.yaml": PROCESS.replace("NAME", kind).replace("FIRST", first) for kind, first in KINDS.items()}
    about = {"title": "A", "pillar": "strategy", "owner": "crew", "days": 2}
    cost = {"cost": dict.fromkeys(("training", "data", "integration", "management"), 1)}
    work = [
        {"id": f"a{number}", **about, **cost, "run": {"process": f"kills.{list(KINDS)[number % 2]}"}}
        for number in range(ACTIVITIES)
    ]
    phase = {"id": "P1", "title": "P", "activities": work, "gate": {"id": "G1", "title": "G", "approvers": ["crew"]}}
    owners = {"crew": {"title": "C", "group": "sales"}}
    start = datetime.now(UTC).date().isoformat()
    roadmap = {"roadmap": "killed", "title": "R", "start": start, "owners": owners, "phases": [phase]}
    return made | {"look.yaml": FORM, "killed.yaml": json.dumps(roadmap)}


async def test_parts_killed_in_a_roadmap_lose_and_repeat_no_activity(needs: None, tmp_path: Path) -> None:
    async with started(tmp_path) as installation, opened(installation) as desk:
        folder = tmp_path / "roadmap"
        folder.mkdir()
        for name, text in files().items():
            (folder / name).write_text(text)
        published = await installation.cauce("publish", str(folder), "--json")
        assert published.code == 0, published.err
        read(await desk[MANAGER].post("/roadmaps/running", json={"roadmap": "killed", "key": "1"}))
        people = Staff(desk, Allowance())
        answering = asyncio.create_task(_answer(people))
        try:
            await asyncio.gather(_begin(people), _kill(installation, ["worker", "temporal", "worker", "api", "worker"]))
            await _until_done(people, answering)
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)
        await _nothing_is_lost_or_repeated(desk)
        await _ends(people)


async def _begin(people: Staff) -> None:
    """Begin one activity after the other, and again whenever nobody answered."""
    for number in range(ACTIVITIES):
        path = f"{PLACE}/activities/a{number}/start"
        answer = await patiently(people, people.desk[MANAGER], "POST", path, json={})
        # It was begun by what nobody answered to, or by the roadmap itself, whose first day it is.
        assert answer.status_code in {200, 409}, answer.text
        await asyncio.sleep(1)


async def _kill(installation: Installation, parts: Sequence[str]) -> None:
    dice = random.Random(7)  # noqa: S311 - repeatable, not secret
    for part in parts:
        await asyncio.sleep(dice.uniform(0.2, 2))
        await kill(installation, part)


async def _answer(people: Staff) -> None:
    """Answer the tasks that the processes ask, as they come."""
    while True:
        items = read(await patiently(people, people.desk[SELLER], "GET", "/tasks", params={"limit": 200}))["items"]
        for task in items:
            if task["form"] == "kills-look":
                body = {"answer": {"word": "good"}}
                path = f"/tasks/{task['id']}/complete"
                answer = await patiently(people, people.desk[SELLER], "POST", path, json=body)
                assert answer.status_code in {200, 409}, answer.text
        await asyncio.sleep(0.3)


async def _steps(people: Staff) -> list[JSON]:
    found: list[JSON] = read(await patiently(people, people.desk[MANAGER], "GET", PLACE))["steps"]
    return found[:ACTIVITIES]


async def _until_done(people: Staff, answering: "asyncio.Task[None]") -> None:
    async def done() -> bool:
        if answering.done():
            answering.result()
        return all(each["state"] == "done" for each in await _steps(people))

    await until(done, 240)


async def _events(desk: Desk) -> list[JSON]:
    found: list[JSON] = []
    while page := read(await desk[MANAGER].get(f"{PLACE}/events", params={"after": len(found)}))["items"]:
        found += page
    return found


async def _nothing_is_lost_or_repeated(desk: Desk) -> None:
    """Compare what the roadmap has heard with what was done: each process once, by its one instance."""
    events = await _events(desk)
    assert [each["number"] for each in events] == list(range(1, len(events) + 1))
    once = {f"a{number}": 1 for number in range(ACTIVITIES)}
    for kind in ("activity-started", "process-asked", "process-ended", "activity-finished"):
        assert Counter(each["about"] for each in events if each["kind"] == kind) == once, kind
    # One that is quick may tell its end before its start was noted.
    assert max(Counter(each["about"] for each in events if each["kind"] == "process-started").values()) == 1
    for number, kind in enumerate(KINDS):
        items = read(await desk[overseer].get(f"/instances?definition=kills.{kind}&limit=200"))["items"]
        keys = sorted(f"killed/1/a{each}" for each in range(number, ACTIVITIES, 2))
        assert sorted(each["key"] for each in items) == keys
        assert {each["status"] for each in items} == {"completed"}
    ids = [f"kills.person/killed/1/a{each}" for each in range(1, ACTIVITIES, 2)]
    tasks = [(await desk.instance(each))["human_tasks"] for each in ids]
    assert [[each["state"] for each in one] for one in tasks] == [["completed"]] * len(ids)


async def _ends(people: Staff) -> None:
    """Pass the gate: the roadmap is as alive as before, and completed by it."""
    for act, given in (("request", {}), ("decide", {"approver": "crew", "approve": True})):
        read(await patiently(people, people.desk[MANAGER], "POST", f"{PLACE}/gates/G1/{act}", json=given))
    assert read(await people.desk[MANAGER].get(PLACE))["run"]["state"] == "completed"
