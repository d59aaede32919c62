"""Records the histories that `test_replay` replays: `python -m tests.replay.record [KIND...]`.

Record only what a release will run on: a history that is there stays, and new ones get the version in their name.
"""

import asyncio
import base64
import json
import re
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from sqlalchemy import select

from cauce import roadmaps
from cauce.contract import Start
from cauce.services import definitions
from cauce.store.models import Blob
from schemas import load_yaml
from tests.conformance import roadmap_course
from tests.conformance.case import of_file
from tests.conformance.conftest import DESIGNER, Place, place_of
from tests.conformance.test_cases import bundle_of
from tests.replay.payloads import HISTORIES, PAYLOADS
from workflows.names import VERSION


async def record(*kinds: str) -> None:
    """Run the processes and the roadmaps, or those of some kinds, and keep their histories."""
    HISTORIES.mkdir(exist_ok=True)
    roadmap_kinds = {"roadmap": record_roadmap, "roadmap-run": record_roadmap_run}
    async with AsyncExitStack() as stack:
        place = await place_of(stack, Path(stack.enter_context(tempfile.TemporaryDirectory())))
        for case in of_file(Path(__file__).with_name("processes.yaml")):
            if kinds and case.row not in kinds:
                continue
            bundle = await bundle_of(case, place, case.document(place.stand_in.prepare(case.id, case.http)))
            handle, skipper = await place.bench.start(bundle, Start(input=case.input))
            report = await place.bench.finish(handle, skipper, case.answers)
            history = await handle.fetch_history()
            file = HISTORIES / f"{VERSION}-{case.row}.json"
            file.write_text(anonymous(history.to_json()))
            print(f"{file.name}: {report.status}, {len(history.events)} events")  # noqa: T201 - a program for developers
        for kind, recorded in roadmap_kinds.items():
            if not kinds or kind in kinds:
                await recorded(place)
        await _keep_payloads(place)


async def record_roadmap(place: Place) -> None:
    """Run a roadmap through a report, days that pass, and a gate, and keep its history."""
    async with roadmap_course.running(place.bench.hub, roadmap_course.document(phases=1, activities=2, days=3)) as run:
        await run.work("a00", 3)
        await run.act(roadmaps.REPORT_ACTIVITY, roadmaps.ReportActivity("a01", "cris", percent=50))
        await run.work_on("a01", 3)
        await run.pass_gate("G0")
        await run.handle.result()
        history = await run.handle.fetch_history()
    (HISTORIES / f"{VERSION}-roadmap.json").write_text(anonymous(history.to_json()))


async def record_roadmap_run(place: Place) -> None:
    """Run a roadmap whose activities processes do: one that ends, and one that is cancelled with the roadmap."""
    await definitions.publish(place.hub, DESIGNER, [load_yaml(each, "process.yaml") for each in (QUICK, LONG)])
    written = roadmap_course.document(phases=1, activities=2, days=3)
    for activity, process in zip(written["phases"][0]["activities"], ("quick", "long"), strict=True):
        activity["run"] = {"process": f"recorded.{process}"}
    watched = {"title": "T", "metric": "dead-letters", "above": 0}
    risk = {"id": "R1", "title": "R", "probability": 1, "impact": 1, "owner": "crew", "response": "R"}
    written["risks"] = [{**risk, "trigger": watched}]
    async with roadmap_course.running(place.bench.hub, written) as run:
        await run.wait(0)
        await _stands(run, "a00", "ended")
        await run.act(roadmaps.REPORT_ACTIVITY, roadmaps.ReportActivity("a01", "cris", percent=50))
        await _stands(run, "a01", "running")
        await run.wait(5)
        await run.act(roadmaps.CANCEL_ROADMAP, roadmaps.CancelRoadmap("cris", "recorded"))
        await run.handle.result()
        history = await run.handle.fetch_history()
    (HISTORIES / f"{VERSION}-roadmap-run.json").write_text(anonymous(history.to_json()))


async def _stands(run: roadmap_course.Years, activity: str, state: str) -> None:
    while (await run.journal())["processes"].get(activity, {}).get("state") != state:  # noqa: ASYNC110 - told elsewhere
        await asyncio.sleep(0.1)


QUICK = """
document: {dsl: '1.0.3', namespace: recorded, name: quick, version: 1.0.0, metadata: {cauce: {timezone: UTC}}}
timeout: {after: P1D}
do:
  - judge: {set: {outcome: good, passed: true}}
"""
LONG = QUICK.replace("quick", "long").replace("P1D", "P2Y").replace("set: {outcome: good, passed: true}", "wait: P1Y")


async def _keep_payloads(place: Place) -> None:
    kept = json.loads(PAYLOADS.read_text()) if PAYLOADS.exists() else {}
    async with place.hub.store.read() as db:
        for blob in (await db.scalars(select(Blob))).all():
            kept[blob.digest] = base64.b64encode(blob.content).decode()
    used = "".join(file.read_text() for file in HISTORIES.glob("*-*.json"))
    claims = base64_claims(used)
    PAYLOADS.write_text(json.dumps({digest: kept[digest] for digest in sorted(kept) if digest in claims}, indent=1))


def base64_claims(text: str) -> str:
    """Return all that is in base64 in some histories, in the clear: claims are payloads like others."""
    data = re.findall(r'"data": "([^"]*)"', text)
    return "\n".join(base64.b64decode(each).decode(errors="replace") for each in data)


def anonymous(history: str) -> str:
    """Return a history without what it says of the machine it was recorded on; a replay looks at none of it."""
    without_traces = re.sub(r'"stackTrace": "(?:[^"\\]|\\.)*"', '"stackTrace": ""', history)
    without_workers = re.sub(r'"identity": "[^"]*"', '"identity": "recorded"', without_traces)
    return re.sub(r'"\d+@[^"]*"', '"recorded"', without_workers)


if __name__ == "__main__":
    asyncio.run(record(*sys.argv[1:]))
