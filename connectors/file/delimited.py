"""CSV: values with a delimiter between them."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, Final, Literal

from cauce.connector import JSON
from connectors.file.columns import Column
from connectors.file.rows import Field, Record, RowError, Table, Text, broken, encoded, head, is_damaged, order
from connectors.file.settings import Csv, Numbers
from connectors.file.values import Convert, UnfitError, loose_text, reader, writer
from schemas import naming

_quoting: Final[Mapping[str, Literal[0, 1, 3]]] = {
    "minimal": csv.QUOTE_MINIMAL,
    "all": csv.QUOTE_ALL,
    "none": csv.QUOTE_NONE,
}
_ends: Final = {"lf": "\n", "crlf": "\r\n"}


def read(layout: Csv, stream: BinaryIO, file: str) -> Table:
    """Return the table in a file; its header is read at once."""
    text = Text(stream, layout.encoding, file, layout.skip_lines)
    records = _records(layout, text)
    if not layout.header:
        declared = [Field(column.name, reader(column, layout)) for column in layout.columns]
        return Table(declared, _counted(records, declared))
    titles = head(records)
    if titles is None:
        raise broken(file, "The file has no header.", "An empty file cannot be told from one that was cut off.")
    if titles.problem:
        raise broken(file, f"The header in line {titles.line} cannot be read. {titles.problem}")
    fields = by_header(titles.values, layout.columns, layout, file)
    return Table(fields, _counted(records, fields))


def by_header(titles: Sequence[str], columns: Sequence[Column], numbers: Numbers, file: str) -> list[Field]:
    """Return the fields that a header has; columns that nobody declared are text."""
    titles = [title.strip() for title in titles]
    if "" in titles:
        raise broken(file, f"Column {titles.index('') + 1} has no title.")
    if twice := next((title for index, title in enumerate(titles) if title in titles[:index]), None):
        raise broken(file, f"The header has the title {twice!r} twice.")
    declared = {column.title: column for column in columns}
    for title in declared:
        if title not in titles:
            meant = naming.did_you_mean(title, titles)
            raise broken(file, f"The header has no column {title!r}.", f"Did you mean {meant!r}?" if meant else "")
    names = [declared[title].name if title in declared else title for title in titles]
    if twice := next((name for index, name in enumerate(names) if name in names[:index]), None):
        raise broken(file, f"Two columns of the file would be the field {twice!r}.")
    return [
        Field(name, reader(declared.get(title) or Column.model_construct(name=title), numbers))
        for title, name in zip(titles, names, strict=True)
    ]


def write(layout: Csv, rows: Sequence[JSON], out: BinaryIO) -> None:
    """Write rows with their header."""
    names = order(rows, [column.name for column in layout.columns])
    declared = {column.name: column for column in layout.columns}
    if not names:
        raise RowError(0, "Without rows and without declared columns there is no header to write.")
    converts = [writer(declared[name], layout) if name in declared else loose_text for name in names]
    buffer = io.StringIO(newline="")
    lines = csv.writer(
        buffer,
        delimiter=layout.delimiter,
        quotechar=layout.quote,
        quoting=_quoting[layout.quoting],
        lineterminator="\r\n",  # both are quoted then when they are part of a value
    )

    def put(values: Sequence[str], row: int, *, first: bool = False) -> None:
        try:
            lines.writerow(values)
        except csv.Error:
            raise RowError(row, "A value holds the delimiter, and `quoting` is none.") from None
        line = buffer.getvalue().removesuffix("\r\n") + _ends[layout.line_end]
        out.write(encoded(line, layout.encoding, row, first=first))
        buffer.seek(0)
        buffer.truncate()

    if layout.header:
        put([declared[name].title if name in declared else name for name in names], 0, first=True)
    for index, row in enumerate(rows):
        put(values_of(row, names, converts, index), index, first=index == 0 and not layout.header)


def values_of(row: JSON, names: Sequence[str], converts: Sequence[Convert], index: int) -> list[JSON]:
    """Return the values of one row as the file writes them."""
    values = []
    for name, convert in zip(names, converts, strict=True):
        try:
            values.append(convert(row.get(name)))
        except UnfitError as unfit:
            raise RowError(index, f"The value {unfit}.", name) from None
    return values


def _records(layout: Csv, text: Text) -> Iterator[Record]:
    lines = csv.reader(
        text, delimiter=layout.delimiter, quotechar=layout.quote, quoting=_quoting[layout.quoting], strict=True
    )
    while True:
        first, text.damaged = text.number + 1, False
        try:
            values = next(lines)
        except StopIteration:
            return
        except csv.Error as cause:
            yield Record(first, problem=f"The line cannot be split into values ({cause}).")
            continue
        problem = f"The line has bytes that are not {layout.encoding}." if text.damaged else ""
        yield Record(first, values or None, problem)


def _counted(records: Iterator[Record], fields: Sequence[Field]) -> Iterator[Record]:
    """Refuse records with more or fewer values than there are fields, and name the column with strange bytes."""
    for record in records:
        if record.problem and record.values and len(record.values) == len(fields):
            damaged = (one.name for one, value in zip(fields, record.values, strict=True) if is_damaged(value))
            yield Record(record.line, problem=record.problem, column=next(damaged, ""))
        elif record.values and not record.problem and len(record.values) != len(fields):
            problem = f"The line has {len(record.values)} values, and there are {len(fields)} columns."
            yield Record(record.line, problem=problem)
        else:
            yield record
