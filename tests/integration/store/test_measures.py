import asyncio
from datetime import UTC, datetime, timedelta

from cauce.figures import Figures
from cauce.metering import Meter
from cauce.store import Store, measures

begin = datetime(2026, 11, 22, 9, 58, tzinfo=UTC)


def counted(minutes: int) -> list[object]:
    """Return what a process counted in so many minutes: two calls in each, one of which failed."""
    at = begin.timestamp()
    meter = Meter(clock=lambda: at)
    for _ in range(minutes):
        meter.note("connection", "erp", "find", "done", took_ms=12.0)
        meter.note("connection", "erp", "find", "failed", took_ms=700.0)
        at += 60
    return list(meter.take())


async def add(store: Store, minutes: int) -> None:
    async with store.transaction() as db:
        await measures.add(db, counted(minutes))  # type: ignore[arg-type]  # pairs


async def read(store: Store, span: measures.Span, since: datetime | None = None) -> list[Figures]:
    async with store.read() as db:
        return [figures for _, figures in await measures.figures(db, span, since)]


async def test_figures_of_many_processes_add_up_by_minute_hour_and_in_total(store: Store) -> None:
    await asyncio.gather(*(add(store, 4) for _ in range(5)))
    minutes, hours, (total,) = [await read(store, span) for span in ("minute", "hour", "total")]
    assert [each.calls for each in minutes] == [10] * 4
    assert [each.calls for each in hours] == [20, 20]
    assert (total.calls, total.failed, total.items, total.busy_ms) == (40, 20, 40, 20 * 712.0)
    assert (total.slowest_ms, sum(total.timed)) == (700.0, 40)
    assert total.done_at == total.failed_at == begin + timedelta(minutes=3)
    assert len(await read(store, "minute", begin + timedelta(minutes=2))) == 2


async def test_old_minutes_and_hours_go_and_totals_stay(store: Store) -> None:
    await add(store, 4)
    async with store.transaction() as db:
        assert await measures.forget(db, begin + timedelta(hours=4)) == 4
        assert await measures.forget(db, begin + timedelta(days=20)) == 2
    assert [len(await read(store, span)) for span in ("minute", "hour", "total")] == [0, 0, 1]
