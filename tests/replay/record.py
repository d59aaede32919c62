"""Records the histories that `test_replay` replays: `python -m tests.replay.record`.

Record only what a release will run on: a history that is there stays, and new ones get the version in their name.
"""

import asyncio
import base64
import json
import re
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from sqlalchemy import select

from cauce import roadmaps
from cauce.contract import Start
from cauce.store.models import Blob
from tests.conformance import roadmap_course
from tests.conformance.case import of_file
from tests.conformance.conftest import Place, place_of
from tests.conformance.test_cases import bundle_of
from tests.replay.payloads import HISTORIES, PAYLOADS
from workflows.names import VERSION


async def record() -> None:
    """Run the processes and keep their histories."""
    HISTORIES.mkdir(exist_ok=True)
    async with AsyncExitStack() as stack:
        place = await place_of(stack, Path(stack.enter_context(tempfile.TemporaryDirectory())))
        for case in of_file(Path(__file__).with_name("processes.yaml")):
            bundle = await bundle_of(case, place, case.document(place.stand_in.prepare(case.id, case.http)))
            handle, skipper = await place.bench.start(bundle, Start(input=case.input))
            report = await place.bench.finish(handle, skipper, case.answers)
            history = await handle.fetch_history()
            file = HISTORIES / f"{VERSION}-{case.row}.json"
            file.write_text(anonymous(history.to_json()))
            print(f"{file.name}: {report.status}, {len(history.events)} events")  # noqa: T201 - a program for developers
        await record_roadmap(place)
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
    asyncio.run(record())
