from datetime import UTC, datetime

from cauce.figures import BOUNDS, Figures
from cauce.metering import Meter

now = datetime(2026, 11, 22, 9, 30, 20, tzinfo=UTC).timestamp()


def counted(*took: float) -> Figures:
    meter = Meter(clock=lambda: now)
    for each in took:
        meter.note("connection", "erp", "find", "done", took_ms=each)
    ((_, figures),) = meter.take()
    return figures


def test_calls_of_a_minute_are_one_row() -> None:
    meter = Meter(clock=lambda: now)
    meter.note("connection", "erp", "find", "done", took_ms=12.0)
    meter.note("connection", "erp", "find", "failed", took_ms=30_001.0)
    meter.note("connection", "erp", "find", "failed")
    meter.note("connection", "erp", "find", "rejected", took_ms=7.0, lag_ms=40.0)
    meter.late("erp", "find", 90.0)
    meter.note("sync", "customers", "", "done", items=500, rejected=3, lag_ms=1_000.0)
    ((key, calls), (other, rows)) = meter.take()
    assert (key.name, key.at) == ("erp", datetime(2026, 11, 22, 9, 30, tzinfo=UTC))
    assert (calls.calls, calls.failed, calls.rejected, calls.lag_ms, calls.slowest_ms) == (4, 2, 1, 90.0, 30_001.0)
    assert (sum(calls.timed), calls.timed[-1]) == (3, 1)
    assert (calls.done_at, calls.failed_at) == (datetime.fromtimestamp(now, UTC),) * 2
    assert (other.subject, rows.calls, rows.items, rows.rejected, rows.lag_ms) == ("sync", 1, 500, 3, 1_000.0)
    assert meter.take() == []


def test_what_could_not_be_handed_over_is_added_to_what_came_since() -> None:
    meter = Meter(clock=lambda: now)
    meter.note("connection", "erp", "find", "done", took_ms=12.0)
    taken = meter.take()
    meter.note("connection", "erp", "find", "done", took_ms=20.0)
    meter.give_back(taken)
    ((_, figures),) = meter.take()
    assert (figures.calls, figures.busy_ms, figures.slowest_ms) == (2, 32.0, 20.0)


def test_a_flood_of_names_does_not_fill_the_memory() -> None:
    meter = Meter(clock=lambda: now)
    for number in range(20_100):
        meter.note("connection", f"c{number}", "find", "done")
        meter.late(f"d{number}", "find", 1.0)
    assert len(meter.take()) == 20_000


def test_quantiles_are_within_their_class_and_never_above_the_slowest() -> None:
    assert Figures().quantile(0.5) is None
    figures = counted(*[8.0] * 90, *[180.0] * 10)
    half, most = figures.quantile(0.5), figures.quantile(0.95)
    assert half is not None
    assert 5 <= half <= 10
    assert most is not None
    assert 100 <= most <= 180
    assert counted(60_000.0).quantile(0.95) is not None
    assert counted(60_000.0).quantile(0.95) <= 60_000.0  # type: ignore[operator]  # not None, as the line before says
    assert len(figures.timed) == len(BOUNDS) + 1
