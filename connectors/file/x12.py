"""X12: one row a transaction set, with its segments; interchanges are checked as a whole before any of them is given.

The library takes segments apart, puts them together, and counts; X12 has no way to escape its separators, so a text
that holds one is refused instead of written.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final

from pyx12.errors import X12Error
from pyx12.segment import Segment
from pyx12.x12file import X12Reader, X12Writer

from cauce.connector import JSON
from connectors.file.rows import Record, RowError, Table, broken
from connectors.file.settings import X12

_most_text: Final = 10_000_000
_again: Final = "Ask for it again."
# Where the header of an interchange (ISA) says it, and how wide that is.
_widths: Final = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
_interchange: Final[Mapping[str, int]] = {
    "sender_qualifier": 4,
    "sender": 5,
    "recipient_qualifier": 6,
    "recipient": 7,
    "version": 11,
    "reference": 12,
    "usage": 14,
}
_group: Final[Mapping[str, int]] = {"kind": 0, "sender": 1, "recipient": 2, "reference": 5, "version": 7}
_service: Final = frozenset({"ISA", "IEA", "GS", "GE", "ST", "SE"})
# What the library remarks and the standard leaves to the two sides: empty elements at the end, numbers of levels.
_remarks: Final = frozenset({"SEG1", "HL1", "HL2", "LX"})


def read(layout: X12, stream: BinaryIO, file: str) -> Table:
    """Return the table of the transaction sets in a file; a line of it is a segment."""
    content = stream.read(_most_text + 1)
    if len(content) > _most_text:
        raise broken(file, f"The file is larger than {_most_text:,} bytes.", hint="Ask for several files.")
    try:
        text = content.lstrip(b"\xef\xbb\xbf \r\n").decode(layout.encoding)
    except UnicodeDecodeError as cause:
        hint = "Set `encoding` in `format`."
        raise broken(file, f"Byte {cause.start} is not of {layout.encoding}.", hint=hint) from None
    if not text.startswith("ISA"):
        raise broken(file, "The file does not begin with an interchange (ISA).", hint="Is it X12?")
    try:
        return Table(None, iter(list(_records(X12Reader(io.StringIO(text)), file))))
    except X12Error:
        hint = "The versions 00401 and 00501 of the interchange are read."
        raise broken(file, "The header of the interchange (ISA) is not one.", hint=hint) from None


def write(layout: X12, rows: Sequence[JSON], out: BinaryIO) -> None:
    """Write transaction sets as one interchange; who sends it to whom is the same in all rows, and so is the group."""
    if not rows:
        raise RowError(0, "An interchange has at least one transaction set.")
    text = io.StringIO()
    writer = X12Writer(
        text, layout.segment, layout.element, layout.component, "\n" if layout.break_lines else "", layout.repetition
    )
    interchange, group = _same(rows, "interchange"), _same(rows, "group")
    writer.Write(_header(layout, interchange))
    writer.Write(_group_header(layout, group, interchange))
    for index, row in enumerate(rows):
        for each in _written(layout, row, index):
            writer.Write(each)
    writer.close()
    try:
        out.write(text.getvalue().encode(layout.encoding))
    except UnicodeEncodeError:
        raise RowError(0, f"A transaction set has a character that {layout.encoding} does not have.") from None


def _records(reader: X12Reader, file: str) -> Iterator[Record]:
    interchange: dict[str, JSON] = {}
    group: dict[str, JSON] = {}
    opened: tuple[int, list[list[str]], list[dict[str, JSON]]] | None = None
    for number, (tag, elements, wrong) in enumerate(_segments(reader, file), 1):
        if tag == "ISA":
            interchange = {**_named(elements, _interchange), "prepared": ":".join(_firsts(elements[8:10]))}
        elif tag == "GS":
            group = {**_named(elements, _group), "prepared": ":".join(_firsts(elements[3:5]))}
        elif tag == "ST" and opened is None:
            opened = number, elements, []
        elif tag == "SE" and opened is not None:
            at, header, segments = opened
            values = {"interchange": interchange, "group": group, **_named(header, {"type": 0, "reference": 1})}
            yield Record(at, problem=wrong) if wrong else Record(number, {**values, "segments": segments})
            opened = None
        elif opened is not None and tag not in _service:
            opened[2].append({"tag": tag, "elements": elements})
        elif tag not in {"GE", "IEA"} or opened is not None:
            raise broken(file, f"Segment {number} ({tag}) is out of place.", hint=_again)
    reader.cleanup()
    for _, _, problem, *_ in reader.pop_errors():
        raise broken(file, f"The file is cut off: {problem}.", hint=_again)


def _segments(reader: X12Reader, file: str) -> Iterator[tuple[str, list[list[str]], str]]:
    """Give segments with what is wrong with the transaction set that they end."""
    try:
        for number, segment in enumerate(reader, 1):
            wrong = ""
            for level, code, problem, *_ in reader.pop_errors():
                if code in _remarks:
                    continue
                if level != "st":
                    raise broken(file, f"Segment {number}: {problem}.", hint=_again)
                wrong = f"{problem}."
            elements = [[part.get_value() for part in each] for each in segment.elements]
            yield segment.get_seg_id() or "", [[] if parts == [""] else parts for parts in elements], wrong
    except IndexError:
        raise broken(file, "A segment ends what was not begun.", hint=_again) from None
    if reader.raw.buffer.strip():
        raise broken(file, "The file ends in the middle of a segment.", hint=_again)


def _named(elements: list[list[str]], places: Mapping[str, int]) -> dict[str, JSON]:
    return {name: "".join(_firsts(elements[place : place + 1])) for name, place in places.items()}


def _firsts(elements: list[list[str]]) -> list[str]:
    return [(parts[0] if parts else "").strip() for parts in elements]


def _same(rows: Sequence[JSON], name: str) -> dict[str, JSON]:
    same: dict[str, JSON] = {}
    for index, row in enumerate(rows):
        given = row.get(name) if isinstance(row, dict) else None
        if not isinstance(given, dict) or given != (same or given):
            raise RowError(index, f"Each transaction set says its {name}, and all the same.", name)
        same = given
    return same


def _header(layout: X12, interchange: Mapping[str, JSON]) -> Segment:
    said = {"sender_qualifier": "ZZ", "recipient_qualifier": "ZZ", "version": "00401", "usage": "P", **interchange}
    day, _, time = _text(said, "prepared", "interchange").partition(":")
    elements = ["00", "", "00", "", *("",) * 4, day, time, "U", "", "", "0", "", layout.component]
    for name, place in _interchange.items():
        elements[place] = _text(said, name, "interchange")
    elements[12] = elements[12].rjust(9, "0")
    for place, (text, width) in enumerate(zip(elements, _widths, strict=True)):
        if len(text) > width:
            raise RowError(0, f"Element {place + 1} of the interchange's header has {width} characters.", "interchange")
    padded = [text.ljust(width) for text, width in zip(elements, _widths, strict=True)]
    return _segment(layout, "ISA", padded[:-1], 0, "interchange", last=[layout.component])


def _group_header(layout: X12, group: Mapping[str, JSON], interchange: Mapping[str, JSON]) -> Segment:
    said = {"reference": "1", "version": "004010", **{name: interchange.get(name) for name in ("sender", "recipient")}}
    said = {**said, "prepared": interchange.get("prepared"), **group}
    day, _, time = _text(said, "prepared", "group").partition(":")
    # An interchange says its year with two digits, a group with four; what is given for one serves the other.
    elements = ["", "", "", day if len(day) == 8 else f"20{day}", time, "", "X", ""]  # noqa: PLR2004 - its digits
    for name, place in _group.items():
        elements[place] = _text(said, name, "group")
    return _segment(layout, "GS", elements, 0, "group")


def _text(given: Mapping[str, JSON], name: str, where: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise RowError(0, f"The {where} has no {name}, as text.", f"{where}.{name}")
    return value


def _written(layout: X12, row: Mapping[str, JSON], index: int) -> Iterator[Segment]:
    for name in ("type", "reference"):
        if not isinstance(row.get(name), str) or not row[name]:
            raise RowError(index, f"A transaction set has a {name}, as text.", name)
    segments = row.get("segments")
    if not isinstance(segments, list):
        raise RowError(index, "A transaction set has segments.", "segments")
    yield _segment(layout, "ST", [row["type"], row["reference"]], index, "type")
    for place, each in enumerate(segments):
        where = f"segments[{place}]"
        tag = each.get("tag") if isinstance(each, dict) else None
        if not isinstance(tag, str) or tag in _service or not (tag.isascii() and tag.isalnum() and tag.isupper()):
            raise RowError(index, "A segment has a tag, which is none of the envelope.", where)
        yield _segment(layout, tag, each.get("elements"), index, where)
    yield _segment(layout, "SE", ["0", row["reference"]], index, "reference")


def _segment(layout: X12, tag: str, elements: JSON, row: int, where: str, last: Sequence[str] = ()) -> Segment:
    if not isinstance(elements, list) or not elements:
        raise RowError(row, "A segment has elements.", where)
    texts = [_element(layout, each, row, where) for each in elements]
    separators: tuple[Any, Any, Any] = (layout.segment, layout.element, layout.component)
    return Segment(layout.element.join([tag, *texts, *last]), *separators)


def _element(layout: X12, given: JSON, row: int, where: str) -> str:
    parts = [given] if isinstance(given, str) else given
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise RowError(row, "An element is a text, or a list of texts.", where)
    held = {layout.segment, layout.element, layout.component, "\r", "\n"} & set("".join(parts))
    if held:
        problem = f"A text holds {min(held)!r}, which separates, and X12 cannot escape it."
        raise RowError(row, problem, where)
    return layout.component.join(parts)
