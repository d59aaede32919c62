"""What calendars and clocks say on the command line."""

import csv
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cauce.cli import app

runner = CliRunner()
NORTHWIND = (
    Path(os.environ.get("CAUCE_SHARED") or Path(__file__).resolve().parents[4] / "shared")
    / "data/databases/northwind.sqlite"
)
EVERY_DAY = """\
calendar: every-day
timezone: UTC
hours: {weekdays: ['00:00-24:00'], saturday: ['00:00-24:00'], sunday: ['00:00-24:00']}
"""
OFFICE = str(Path(__file__).parents[3] / "definitions" / "calendars" / "office-madrid.yaml")
ORDERS = """\
number,ordered,promised,shipped
A,2026-11-18T10:00,2026-11-20,2026-11-20T09:59
B,2026-11-20T16:00,2026-11-23,2026-11-26T09:00
C,2026-12-23T10:00,2026-12-28,
D,soon,2026-12-28,
"""
# As a spreadsheet of a Spanish office writes it, with a row that ends early.
SPREADSHEET = """\
\ufeffcase;start;end
A;24/12/2012 10:00;27/12/2012 10:00
B
C;21/12/2012 10:00;26/12/2012 10:00
D;01/06/1960 10:00;
"""
EVENTS = """\
id,time,what
1,2026-11-18T10:00:00+01:00,received
2,2026-11-18T10:00:00+01:00,received
1,2026-11-18T11:00:00+01:00,looked at
3,2026-11-19T10:00:00Z,answered
3,2026-11-16T10:00:00Z,received
1,2026-11-20T09:59:59+01:00,answered
2,2026-11-20T10:00:01+01:00,answered
2,2026-11-20T10:00:02+01:00,answered
3,2026-11-20T10:00:02+01:00,answered
"""


@pytest.mark.parametrize(
    ("start", "after", "due"),
    [
        ("2026-12-23T18:00", "PT5H", "2026-12-28T09:30:00+01:00"),
        ("2012-12-24T10:00", "P1D", "2012-12-26T10:00:00+01:00"),
        ("2090-12-22T10:00", "P1D", "2090-12-26T10:00:00+01:00"),
    ],
)
def test_deadline_is_told_in_the_calendar_s_zone_with_the_holidays_of_any_year(
    start: str, after: str, due: str
) -> None:
    done = runner.invoke(app, ["calendars", "deadline", OFFICE, "--after", after, "--start", start])
    assert (done.exit_code, done.stdout) == (0, f"{due}\n")


def test_year_is_shown_with_holidays_and_exceptions() -> None:
    done = runner.invoke(app, ["calendars", "show", OFFICE, "--year", "2026", "--json"])
    days = {each["day"]: each for each in json.loads(done.stdout)["days"]}
    assert days["2026-12-25"]["hours"] == []
    assert days["2026-12-25"]["holiday"]
    assert days["2026-12-24"] == {"day": "2026-12-24", "holiday": "", "hours": ["09:00-13:00"]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["calendars", "show", "nowhere.yaml"], "There is no file"),
        (["calendars", "deadline", OFFICE, "--after", "P1M"], "no length of working time"),
        (["calendars", "deadline", OFFICE, "--after", "P1D", "--start", "noon"], "no moment"),
        (["clocks", "replay", "nowhere.csv", "--calendar", OFFICE, "--after", "P1D"], "cannot be read"),
        (["clocks", "replay", "x", "--calendar", OFFICE, "--after", "P1D", "--column", "strat=x"], "names no column"),
        (["clocks", "replay", "x", "--calendar", OFFICE, "--after", "P1D", "--column", "activity=x"], "--begins"),
    ],
)
def test_what_is_wrong_is_said(arguments: list[str], said: str) -> None:
    done = runner.invoke(app, arguments)
    assert done.exit_code == 2
    assert said in done.stderr


def replay(tmp_path: Path, text: str, *more: str) -> dict[str, object]:
    (tmp_path / "log.csv").write_text(text)
    given = ["clocks", "replay", str(tmp_path / "log.csv"), "--calendar", OFFICE, "--after", "P2D", "--json", *more]
    found: dict[str, object] = json.loads(runner.invoke(app, given, catch_exceptions=False).stdout)
    return found


def test_planned_deadlines_are_held_against_the_calendar(tmp_path: Path) -> None:
    columns = ("case=number", "start=ordered", "planned=promised", "end=shipped")
    found = replay(tmp_path, ORDERS, *(part for each in columns for part in ("--column", each)))
    assert {name: found[name] for name in ("cases", "reproduced", "different", "in_time", "late", "open")} == {
        "cases": 4, "reproduced": 2, "different": 1, "in_time": 1, "late": 1, "open": 1,
    }  # fmt: skip
    odd = found["odd"]
    assert isinstance(odd, list)
    assert found["days_later"] == {"-2": 1}
    assert (odd[0]["line"], odd[0]["case"], odd[0]["deadline"]) == (3, "B", "2026-11-25T09:00:00+01:00")
    assert (odd[1]["line"], odd[1]["problem"]) == (5, "'soon' is no moment as ISO 8601 writes it.")


def test_a_log_of_events_runs_each_clock_from_its_first_event_to_the_one_that_stops_it(tmp_path: Path) -> None:
    columns = ("case=id", "start=time", "activity=what")
    names = [part for each in columns for part in ("--column", each)]
    found = replay(tmp_path, EVENTS, *names, "--begins", "received", "--ends", "answered")
    assert (found["cases"], found["in_time"], found["late"], found["open"]) == (3, 1, 2, 0)


def test_a_log_of_years_ago_as_a_spreadsheet_writes_it(tmp_path: Path) -> None:
    found = replay(tmp_path, SPREADSHEET, "--column", "end=end", "--moments", "%d/%m/%Y %H:%M")
    assert {name: found[name] for name in ("cases", "in_time", "late", "open", "unreadable")} == {
        "cases": 4, "in_time": 2, "late": 0, "open": 1, "unreadable": 1,
    }  # fmt: skip
    odd = found["odd"]
    assert isinstance(odd, list)
    assert [(each["case"], each["problem"][-36:]) for each in odd] == [("B", "ISO 8601 or %d/%m/%Y %H:%M write it.")]


@pytest.mark.skipif(not NORTHWIND.exists(), reason="the public sample database is not here")
def test_the_three_terms_of_a_trader_are_found_in_its_orders(tmp_path: Path) -> None:
    log, calendar = tmp_path / "orders.csv", tmp_path / "every-day.yaml"
    calendar.write_text(EVERY_DAY)
    with closing(sqlite3.connect(NORTHWIND)) as database, log.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("case", "start", "required", "end"))
        lines.writerows(database.execute("SELECT OrderID, OrderDate, RequiredDate, ShippedDate FROM Orders"))
    given = ["--calendar", str(calendar), "--after", "P28D", "--column", "planned=required"]
    done = runner.invoke(app, ["clocks", "replay", str(log), *given], catch_exceptions=False)
    # Four weeks, two and six: nothing is left that the calendar does not explain.
    said = "830 cases; 701 deadlines as planned, 129 different (68 by -14 days, 61 by +14 days)"
    assert said in " ".join(done.stdout.split()) + " ".join(done.stderr.split())


def test_a_column_that_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(ORDERS)
    done = runner.invoke(app, ["clocks", "replay", str(tmp_path / "log.csv"), "--calendar", OFFICE, "--after", "P2D"])
    assert done.exit_code == 2
    assert "no column 'case'" in done.stderr
