"""Reads entries of time and money out of a CSV file, as spreadsheets of either language write them."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from cauce.cost_entries import Given
from cauce.errors import InputError
from schemas import guess, listing

COLUMNS: Final = (
    "reference", "activity", "day", "hours", "amount", "factor", "owner", "rate", "person", "note",
)  # fmt: skip
_NEEDED: Final = ("reference", "activity")
_SAID: Final = "problem"
_NUMBERS: Final = ("hours", "amount", "rate")
most_rows: Final = 20_000


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a file: its line, and its cells by column; `more` when it has others."""

    line: int
    cells: Mapping[str, str]
    comma: bool
    more: bool

    def given(self) -> Given:
        """Return the entry that it is; raises `InputError`."""
        if self.more:
            raise InputError("The row has more cells than there are columns.", hint="Quote what has a separator in it.")
        said = {name: self.cells.get(name, "") for name in COLUMNS if name != "day"}
        return Given(day=self._day(), **(said | {name: self._number(said[name]) for name in _NUMBERS}))

    def _day(self) -> date | None:
        text = self.cells.get("day", "")
        for form in ("%Y-%m-%d", "%d/%m/%Y"):
            try:
                return datetime.strptime(text, form).date() if text else None  # noqa: DTZ007 - a day, no moment
            except ValueError:
                continue
        raise InputError(f"`{text[:40]}` is no day.", hint="Write it as 2027-01-11 or 11/01/2027.")

    def _number(self, text: str) -> str:
        """Return a number with a point, where columns are separated by what leaves the comma to numbers."""
        return text.replace(".", "").replace(",", ".") if self.comma and "," in text else text


@dataclass(frozen=True, slots=True)
class File:
    """The rows of a file, and the columns that it has."""

    columns: tuple[str, ...]
    separator: str
    rows: list[Row]

    def rest(self, problems: Mapping[int, str]) -> str:
        """Return a file of the rows of these lines, with what is wrong with each of them."""
        columns = (*(name for name in self.columns if name != _SAID), _SAID)
        out = io.StringIO()
        writer = csv.DictWriter(out, columns, delimiter=self.separator, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows({**row.cells, _SAID: problems[row.line]} for row in self.rows if row.line in problems)
        return out.getvalue()


def read(text: str) -> File:
    """Return the rows of a file; what is wrong with one of them is told when it is entered.

    Raises:
        InputError: It is not of that form.
    """
    text = text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    rows = csv.DictReader(io.StringIO(text), strict=True, delimiter=separator)
    try:
        names = rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or ()]
        _check(names)
        found = list(_rows(rows, comma=separator != ","))
    except csv.Error as error:
        hint = f"Its columns are {', '.join(COLUMNS)}."
        raise InputError(f"This is not a CSV file: line {rows.line_num}: {error}.", hint=hint) from error
    return File(tuple(names), separator, found)


def _check(names: list[str]) -> None:
    for name in names:
        if name not in (*COLUMNS, _SAID):
            raise InputError(f"There is no column `{name[:40]}`{guess(name, COLUMNS)}", hint=listing(COLUMNS))
    for name in _NEEDED:
        if name not in names:
            raise InputError(f"There is no column `{name}`.", hint=listing(COLUMNS))


def _rows(rows: "csv.DictReader[str]", *, comma: bool) -> Iterator[Row]:
    for number, row in enumerate(rows):
        if number == most_rows:
            raise InputError(f"The file has more than {most_rows:,} rows.", hint="Import it in parts.")
        cells = {key: (value or "").strip() for key, value in row.items() if key is not None}
        if any(cells.values()):
            yield Row(rows.line_num, cells, comma, None in row)
