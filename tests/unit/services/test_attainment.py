from datetime import UTC, date, datetime, timedelta

from cauce import spreadsheets
from cauce.services.attainment import _counted, _months_before
from cauce.store.clocks import Run

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def run(day: int, *, due: int, stopped: int | None = None, used: int | None = None, missed: bool = False) -> Run:
    start = NOW.replace(day=day)
    end = None if stopped is None else NOW.replace(day=stopped)
    by = NOW.replace(day=due)
    return Run("answer", "Answer", "high", start, by, by if missed else None, end, used)


def test_each_clock_counts_once_and_what_is_open_and_past_due_is_missed() -> None:
    started = [
        run(2, due=5, stopped=4, used=3600),
        run(2, due=5, stopped=9, used=9000, missed=True),
        run(3, due=10),
        run(3, due=25),
    ]
    (row,) = _counted(started, NOW)
    assert (row.month, row.started, row.met, row.missed, row.open) == (date(2026, 3, 1), 4, 1, 2, 1)
    assert (row.share, row.median_s, row.p90_s) == (0.3333, 6300, 8460)


def test_months_and_severities_are_apart_and_what_nobody_knows_has_no_share() -> None:
    earlier = run(3, due=25)
    other = Run("answer", "Answer", "", NOW - timedelta(days=40), NOW + timedelta(days=1), None, None, None)
    rows = _counted([other, earlier], NOW)
    assert [(each.month, each.severity, each.share, each.p90_s) for each in rows] == [
        (date(2026, 3, 1), "high", None, None),
        (date(2026, 2, 1), "", None, None),
    ]


def test_months_are_counted_over_the_turn_of_the_year() -> None:
    assert _months_before(date(2026, 2, 14), 0) == date(2026, 2, 1)
    assert _months_before(date(2026, 2, 14), 3) == date(2025, 11, 1)
    assert _months_before(date(2026, 2, 14), 59) == date(2021, 3, 1)


def test_a_table_has_no_formula_in_it() -> None:
    assert spreadsheets.table(["a", "b", "c"], [["=1+1", None, -1]]) == "a,b,c\r\n'=1+1,,-1\r\n"
