"""Workbooks of Excel: one sheet of rows, without keeping it in memory, and written to the same bytes every time."""

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from decimal import Decimal
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Final, cast
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml import DefusedXmlException
from lxml.etree import XMLSyntaxError
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.exceptions import IllegalCharacterError, InvalidFileException

from cauce.connector import JSON
from cauce.decimals import exact_number, exact_whole
from connectors.file.columns import Column
from connectors.file.delimited import by_header, values_of
from connectors.file.rows import Field, Record, RowError, Table, broken, head, order
from connectors.file.settings import Numbers, Xlsx
from connectors.file.values import UnfitError, loose_text, moment_of, reader, writer

_most_parts: Final = 1_000
_most_rows: Final = 1_048_576  # as many as Excel has
_in_memory: Final = 1_000_000
_unreadable: Final = (
    zipfile.BadZipFile,
    InvalidFileException,
    ParseError,
    XMLSyntaxError,
    DefusedXmlException,
    # What openpyxl raises for parts that are missing, or are not what they should be.
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    OverflowError,
    NotImplementedError,
    EOFError,
)
_times: Final = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_long_ago: Final = (1980, 1, 1, 0, 0, 0)
_numbers: Final = Numbers()


def read(layout: Xlsx, stream: BinaryIO, file: str) -> Table:
    """Return the table in a sheet; the workbook is looked over before it is unpacked."""
    _look_over(layout, stream, file)
    try:
        book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
    except _unreadable as cause:
        raise _not_a_workbook(file) from cause
    names = [sheet.title for sheet in book.worksheets]
    if not names or (layout.sheet is not None and layout.sheet not in names):
        hint = f"It has {', '.join(names[:10])}." if names else ""
        raise broken(file, f"There is no sheet {layout.sheet or 1!r}.", hint)
    sheet = book[layout.sheet or names[0]]
    sheet.reset_dimensions()  # what the file says of its size need not be true
    records = _records(sheet, file)
    if not layout.header:
        fields = [Field(column.name, reader(column)) for column in layout.columns]
        return Table(fields, _counted(records, fields))
    first = head(records)
    if first is None or first.problem:
        raise broken(file, "The sheet has no header.")
    titles = ["" if value is None else str(value) for value in first.values]
    declared = {column.title for column in layout.columns}
    found = by_header(titles, layout.columns, _numbers, file)
    fields = [
        one if title.strip() in declared else Field(one.name, _as_it_is)
        for one, title in zip(found, titles, strict=True)
    ]
    return Table(fields, _counted(records, fields))


def write(layout: Xlsx, rows: Sequence[JSON], out: BinaryIO) -> None:
    """Write rows to one sheet."""
    names = order(rows, [column.name for column in layout.columns])
    declared = {column.name: column for column in layout.columns}
    if not names:
        raise RowError(0, "Without rows and without declared columns there is no header to write.")
    converts = [_native(declared[name]) if name in declared else _loose for name in names]
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(layout.sheet or "Sheet1")
    lines = []
    if layout.header:
        lines.append([_cell(sheet, declared[name].title if name in declared else name) for name in names])
    for index, row in enumerate(rows):
        try:
            lines.append([_cell(sheet, value) for value in values_of(row, names, converts, index)])
        except IllegalCharacterError:
            raise RowError(index, "A value has a character that a workbook cannot hold.") from None
    # Only now, when nothing can go wrong any more: what openpyxl begins, it has to end.
    for line in lines:
        sheet.append(line)
    with SpooledTemporaryFile(max_size=_in_memory) as made:
        book.save(made)
        _repack(cast("BinaryIO", made), out)


def _look_over(layout: Xlsx, stream: BinaryIO, file: str) -> None:
    """Refuse a workbook that would be too large unpacked; what it says of that, unpacking is held to."""
    try:
        with zipfile.ZipFile(stream) as packed:
            parts = packed.infolist()
    except _unreadable as cause:
        raise _not_a_workbook(file) from cause
    size = sum(part.file_size for part in parts)
    if len(parts) > _most_parts or size > layout.max_unpacked_bytes:
        raise broken(file, "The workbook is too large when it is unpacked.", "Raise max_unpacked_bytes in its format.")
    stream.seek(0)


def _records(sheet: Any, file: str) -> Iterator[Record]:  # noqa: ANN401 (a sheet that openpyxl reads bit by bit)
    rows = sheet.iter_rows()
    line = 0
    while True:
        try:
            cells = next(rows, None)
            values = None if cells is None else [cell.value for cell in cells]
            wrong = "" if cells is None else next((c.coordinate for c in cells if c.data_type == "e"), "")
        except _unreadable as cause:
            raise _not_a_workbook(file) from cause
        if values is None:
            return
        line += 1
        while values and values[-1] is None:
            values.pop()
        if wrong:
            yield Record(line, problem="A formula of the row has an error for its value.", column=wrong)
        else:
            yield Record(line, values or None)
        if line > _most_rows:
            raise _not_a_workbook(file)


def _counted(records: Iterator[Record], fields: Sequence[Field]) -> Iterator[Record]:
    """Fill rows up to the header, and refuse those that are wider."""
    for record in records:
        if record.problem or record.is_empty:
            yield record
        elif len(record.values) > len(fields):
            problem = f"The row has {len(record.values)} values, and there are {len(fields)} columns."
            yield Record(record.line, problem=problem)
        else:
            yield Record(record.line, [*record.values, *[None] * (len(fields) - len(record.values))])


def _as_it_is(value: JSON) -> JSON:
    """Return a value of a column of which nothing is declared, as the sheet types it."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return exact_whole(value)
        case float() | Decimal():
            return exact_number(Decimal(str(value)))
        case date() | time_of_day():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case _:
            raise UnfitError("is of a kind that a row cannot hold")


def _native(column: Column) -> Callable[[JSON], JSON]:
    """Return what turns a value of a row into one of a cell; what is no number in JSON stays text."""
    check = writer(column.model_copy(update={"pattern": None}), _numbers)

    def convert(value: JSON) -> JSON:
        text = check(value)
        if text == "":
            return None
        if column.type in {"date", "datetime"}:
            moment = moment_of(value, column)
            if isinstance(moment, datetime) and moment.tzinfo is not None:
                raise UnfitError("has a time zone, which a workbook cannot hold")
            return moment
        return value

    return convert


def _loose(value: JSON) -> JSON:
    loose_text(value)
    return None if value == "" else value


def _cell(sheet: Any, value: JSON) -> JSON:  # noqa: ANN401 (a sheet that openpyxl writes bit by bit)
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value=value)
    cell.data_type = "s"  # a text that begins with = is a text, and no formula
    return cell


def _repack(made: BinaryIO, out: BinaryIO) -> None:
    """Write the workbook without the time of its making: the same rows are the same bytes."""
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            content = old.read(part)
            if part.filename == "docProps/core.xml":
                content = _times.sub(rb"\g<1>1980-01-01T00:00:00Z", content)
            new.writestr(zipfile.ZipInfo(part.filename, _long_ago), content, zipfile.ZIP_DEFLATED)


def _not_a_workbook(file: str) -> Exception:
    return broken(file, "The file is not a workbook of Excel (xlsx), or it is damaged.", "Save it anew as .xlsx.")
