"""A roadmap lives for years: its clock is driven, its people are scripted."""

import asyncio
import time

import psutil
import pytest

from cauce.store import roadmaps
from tests.conformance.conftest import Place
from tests.conformance.roadmap_course import document, running
from workflows import roadmap_workflow

# Twelve of them and three gates are more than three years.
DAYS = 66


@pytest.mark.asyncio(loop_scope="session")
async def test_three_years_pass_in_seconds(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    # So that it goes on in a new run once or twice on the way.
    monkeypatch.setattr(roadmap_workflow, "most_turns", 60)
    begun, worked = time.perf_counter(), processor_time()
    async with running(place.bench.hub, document(phases=3, activities=4, days=DAYS)) as years:
        first = await years.handle.describe()
        for phase in range(3):
            for number in range(4):
                await years.work(f"a{phase}{number}", DAYS)
            await years.pass_gate(f"G{phase}")
        ended = await asyncio.wait_for(years.handle.result(), 60)
        took, worked = time.perf_counter() - begun, processor_time() - worked
        last = await years.handle.describe()
        assert last.run_id != first.run_id
        async with place.bench.hub.store.read() as db:
            row = await roadmaps.find(db, years.handle.id)
            kept = await roadmaps.events(db, years.handle.id, limit=10_000)
            decided = await roadmaps.decisions(db, years.handle.id)
    assert row is not None
    assert (row.state, row.done, row.steps, row.event) == ("completed", 15, 15, ended["event"])
    assert (row.finish - row.start).days > 3 * 365
    assert [each.number for each in kept] == list(range(1, row.event + 1))
    assert sum(each.kind == "period-closed" for each in kept) >= 35
    assert [each.outcome for each in decided] == ["approved"] * 3
    # By the clock, or where the machine has other things to do by the work of it: of this process and of Temporal.
    assert min(took, worked) < 10, f"{took:.1f} s by the clock, {worked:.1f} s of processor time"


def processor_time() -> float:
    """Return the processor time of this process and of those that it has started."""
    here = psutil.Process()
    times = [each.cpu_times() for each in (here, *here.children(recursive=True))]
    return sum(each.user + each.system for each in times)
