"""What every format has in common: records with a line each, of which a batch becomes rows or rejects."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO, Final, Literal

from cauce.connector import JSON
from cauce.errors import PermanentError, TransientError
from connectors.file.values import Convert, UnfitError
from schemas import naming

_look_at_the_clock_every: Final = 256
_most_empty: Final = 1_000
longest_line: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the rows, and what reads its values."""

    name: str
    read: Convert


@dataclass(frozen=True, slots=True)
class Record:
    """What one line (or a few, in quotes) holds; `problem` says why that cannot be read.

    An empty line has neither values nor a problem, and is no row.
    """

    line: int
    values: Any = None
    problem: str = ""
    column: str = ""

    @property
    def is_empty(self) -> bool:
        """Say whether nothing is there."""
        return self.values is None and not self.problem


@dataclass(frozen=True, slots=True)
class Table:
    """An open file: its records, and the fields of their values; without fields, each is an object already."""

    fields: Sequence[Field] | None
    records: Iterator[Record]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of a file is read, and what becomes of bad rows."""

    skip: int
    most: int
    bad_rows: Literal["stop", "collect"]
    until: float


@dataclass(slots=True)
class Batch:
    """The rows of one answer; `following` is where to go on, or None at the end."""

    rows: list[JSON] = field(default_factory=list)
    rejected: list[JSON] = field(default_factory=list)
    following: int | None = None


class RowError(Exception):
    """A row cannot be written; `row` counts from 0, the message is a sentence."""

    def __init__(self, row: int, problem: str, column: str = "") -> None:
        super().__init__(problem)
        self.row = row
        self.column = column


def collect(table: Table, file: str, wanted: Wanted) -> Batch:
    """Return one batch of a table's rows."""
    batch, index = Batch(), -1
    for number, record in enumerate(table.records):
        if number % _look_at_the_clock_every == 0 and time.monotonic() > wanted.until:
            raise TransientError(
                f"{file} was not read in time.",
                hint="Raise the operation's timeout, or lower max_rows.",
                remote_code="timeout",
            )
        index += not record.is_empty
        if record.is_empty or index < wanted.skip:
            continue
        if index == wanted.skip + wanted.most:
            batch.following = index
            break
        problem, column = record.problem, record.column
        if not problem:
            try:
                batch.rows.append(_row(table, record))
            except _BadValueError as bad:
                problem, column = str(bad), bad.column
        if problem and wanted.bad_rows == "stop":
            raise bad_row(file, record.line, problem, column)
        if problem:
            batch.rejected.append({"file": file, "line": record.line, "column": column or None, "problem": problem})
    return batch


def head(records: Iterator[Record]) -> Record | None:
    """Return the first record that is not empty; None when it does not come soon."""
    return next((record for record in islice(records, _most_empty) if not record.is_empty), None)


def bad_row(file: str, line: int, problem: str, column: str = "") -> PermanentError:
    """Return the error that says which row of a file cannot be read."""
    return PermanentError(
        problem,
        hint='Mend the file, or set bad rows aside with bad_rows: "collect" in `request`.',
        where=f"{file}, line {line}" + (f", column {column}" if column else ""),
        remote_code="bad-row",
        detail={"file": file, "line": line, "column": column or None},
    )


def broken(file: str, problem: str, hint: str = "") -> PermanentError:
    """Return the error of a file that is not what the settings say."""
    return PermanentError(problem, hint=hint or "Look at `format` in the settings.", where=file, remote_code="format")


class _BadValueError(Exception):
    def __init__(self, column: str, problem: str) -> None:
        super().__init__(problem)
        self.column = column


def _row(table: Table, record: Record) -> JSON:
    if table.fields is None:
        return record.values
    row = {}
    for one, value in zip(table.fields, record.values, strict=True):
        try:
            row[one.name] = one.read(value)
        except UnfitError as unfit:
            raise _BadValueError(one.name, f"The value {unfit}.") from None
    return row


class Text:
    """The lines of a file of text, counted; what is not of the character set is marked, to be found in the row."""

    def __init__(self, stream: BinaryIO, encoding: str, file: str, skip: int = 0) -> None:
        self.stream = stream
        self.encoding = "utf-8" if encoding == "utf-8-sig" else encoding
        self.file = file
        self.number = 0
        self.damaged = False
        for _ in range(skip):
            next(self, None)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.stream.readline(longest_line + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > longest_line:
            raise broken(self.file, f"Line {self.number} is longer than {longest_line:,} bytes.")
        if self.number == 1 and self.encoding == "utf-8":
            line = line.removeprefix(b"\xef\xbb\xbf")
        try:
            return line.decode(self.encoding)
        except UnicodeDecodeError:
            self.damaged = True
            return line.decode(self.encoding, "surrogateescape")


def is_damaged(value: str) -> bool:
    """Say whether a value holds bytes that its character set does not have."""
    return any("\udc80" <= character <= "\udcff" for character in value)


def order(rows: Sequence[JSON], declared: Sequence[str]) -> list[str]:
    """Return the fields to write: those declared, else those of the first row; refuse rows with others."""
    names = list(declared) or [str(name) for name in (rows[0] if rows and isinstance(rows[0], dict) else {})]
    known = set(names)
    for index, row in enumerate(rows):
        if not isinstance(row, dict):
            raise RowError(index, "A row must be an object.")
        for name in row:
            if name not in known:
                meant = naming.did_you_mean(name, names)
                why = f" Did you mean {meant!r}?" if meant else ""
                raise RowError(index, f"The file has no column for this field.{why}", name)
    return names


def encoded(line: str, encoding: str, row: int, *, first: bool = False) -> bytes:
    """Return a line as bytes; with the mark of utf-8-sig when it is the first."""
    try:
        return line.encode(encoding if first or encoding != "utf-8-sig" else "utf-8")
    except UnicodeEncodeError as cause:
        raise RowError(row, f"The row has a character that {cause.encoding} does not have.") from None
