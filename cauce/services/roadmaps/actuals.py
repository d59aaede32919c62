"""Reads what has happened so far: a CSV file with a row for each activity that has begun."""

import csv
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from cauce.errors import InputError
from schemas import guess, listing
from workflows.roadmap.model import FACTORS, Actual

COLUMNS: Final = ("activity", "started", "finished", "percent", "remaining", "parts", *FACTORS)
_MOST_ROWS: Final = 20_000
_WHOLE: Final = 100
_MOST_MONEY: Final = Decimal(10) ** 12


def read(lines: Iterable[str]) -> dict[str, Actual]:
    """Return what a CSV file says has happened, by activity.

    Raises:
        InputError: It is not of that form; says in which line.
    """
    try:
        return _read(csv.DictReader(lines, strict=True))
    except csv.Error as error:
        raise InputError(f"This is not a CSV file: {error}.", hint=f"Its columns are {', '.join(COLUMNS)}.") from error


def _read(rows: "csv.DictReader[str]") -> dict[str, Actual]:
    names = [name.strip() for name in rows.fieldnames or ()]
    rows.fieldnames = names
    for name in names:
        if name not in COLUMNS:
            raise InputError(f"There is no column `{name}`{guess(name, COLUMNS)}", hint=listing(COLUMNS))
    if "activity" not in names:
        raise InputError("There is no column `activity`.", hint=listing(COLUMNS))
    found: dict[str, Actual] = {}
    for row in rows:
        if len(found) == _MOST_ROWS:
            raise InputError(f"The file has more than {_MOST_ROWS:,} rows.", hint="Leave out what has not begun.")
        cells = {key: (value or "").strip() for key, value in row.items() if key is not None}
        name = cells["activity"]
        if name in found:
            raise InputError(f"Line {rows.line_num}: `{name}` is there twice.", hint="Write one row for each activity.")
        if name:
            found[name] = _Row(rows.line_num, cells).actual()
    return found


class _Row:
    def __init__(self, line: int, cells: Mapping[str, str]) -> None:
        self.line, self.cells = line, cells

    def actual(self) -> Actual:
        percent, remaining = self._number("percent", _WHOLE), self._number("remaining", 5_000)
        cost = {factor: self._number(factor, _MOST_MONEY) for factor in FACTORS}
        parts = self.cells.get("parts")
        return Actual(
            started=self._day("started"),
            finished=self._day("finished"),
            percent=percent,
            remaining=None if remaining is None else self._whole("remaining", remaining),
            parts=frozenset(self._part(each) for each in parts.replace(";", " ").split()) if parts else None,
            cost={factor: amount for factor, amount in cost.items() if amount is not None},
        )

    def _day(self, name: str) -> date | None:
        text = self.cells.get(name)
        try:
            return date.fromisoformat(text) if text else None
        except ValueError as error:
            raise self._wrong(name, "is no day", "Write it as 2027-01-11.") from error

    def _number(self, name: str, most: int | Decimal) -> Decimal | None:
        text = self.cells.get(name)
        if not text:
            return None
        try:
            number = Decimal(text)
        except InvalidOperation as error:
            raise self._wrong(name, "is no number", "Write it as 1234.50.") from error
        if not number.is_finite() or not 0 <= number <= most:
            raise self._wrong(name, "is out of range", f"It is from 0 to {most}.")
        return number

    def _whole(self, name: str, number: Decimal) -> int:
        if number != int(number):
            raise self._wrong(name, "is no whole number", "Count in whole working days.")
        return int(number)

    def _part(self, text: str) -> int:
        if not text.isdecimal() or not 0 < int(text) <= _WHOLE:
            raise self._wrong("parts", "are no parts", "Write the numbers of what is there: 1 2.")
        return int(text)

    def _wrong(self, name: str, what: str, hint: str) -> InputError:
        return InputError(f"Line {self.line}: `{self.cells[name][:40]}` in the column {name} {what}.", hint=hint)
