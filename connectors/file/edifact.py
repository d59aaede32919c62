"""EDIFACT: one row a message, with its segments; interchanges are checked as a whole before any of them is given.

The library takes the text apart and puts it together; service segments (UNB to UNZ) are read and counted here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from pydifact import Characters, Parser, Segment, Serializer, Tokenizer
from pydifact.exceptions import EDISyntaxError
from pydifact.parser import TokenIterator

from cauce.connector import JSON
from connectors.file.rows import Record, RowError, Table, broken
from connectors.file.settings import Edifact

Elements = list[list[str]]
# The character sets that a syntax identifier stands for (ISO 9735, part 1).
encodings: Final[Mapping[str, str]] = {
    "UNOA": "ascii",
    "UNOB": "ascii",
    "UNOC": "latin-1",
    "UNOD": "iso-8859-2",
    "UNOE": "iso-8859-5",
    "UNOF": "iso-8859-7",
    "UNOK": "iso-8859-9",
    "UNOW": "utf-8",
    "UNOY": "utf-8",
}
_tag: Final = re.compile(r"[A-Z][A-Z0-9]{2}\Z")
_advice_length: Final = 9
_most_text: Final = 10_000_000
_service: Final = frozenset({"UNA", "UNB", "UNG", "UNH", "UNT", "UNE", "UNZ"})
_header: Final = ("sender", "recipient", "prepared", "reference")


@dataclass(slots=True)
class _Message:
    """A message on its way: where it began, its header, and its segments so far."""

    at: int
    header: Elements
    segments: list[dict[str, JSON]] = field(default_factory=list)


def read(layout: Edifact, stream: BinaryIO, file: str) -> Table:
    """Return the table of the messages in a file; a line of it is a segment."""
    content = stream.read(_most_text + 1)
    if len(content) > _most_text:
        raise broken(file, f"The file is larger than {_most_text:,} bytes.", hint="Ask for several files.")
    text, characters = _text(layout, content, file)
    return Table(None, iter(list(_records(_segments(text, characters, file), file))))


def write(layout: Edifact, rows: Sequence[JSON], out: BinaryIO) -> None:
    """Write messages as one interchange; who sends it to whom is said by the first row, and the same for all."""
    if not rows:
        raise RowError(0, "An interchange has at least one message.")
    envelope = _envelope(layout, rows)
    segments, reference = [Segment("UNB", *envelope)], envelope[4]
    for index, row in enumerate(rows):
        segments += _written(row, index)
    segments.append(Segment("UNZ", str(len(rows)), reference))
    text = Serializer(Characters(decimal_point=layout.decimal)).serialize(
        segments, with_una_header=True, break_lines=layout.break_lines
    )
    try:
        out.write(text.encode(layout.encoding or encodings[layout.syntax]))
    except UnicodeEncodeError:
        raise RowError(0, f"A message has a character that {layout.syntax} does not have.") from None


def _text(layout: Edifact, content: bytes, file: str) -> tuple[str, Characters]:
    """Return the text behind the service string advice, in its own character set, and the separators."""
    content = content.lstrip(b"\xef\xbb\xbf \r\n")
    characters = Characters()
    if content.startswith(b"UNA"):
        advice = content[:_advice_length].decode("latin-1")
        if len(set(advice[3:5] + advice[8:])) < 3 or len(advice) < _advice_length:  # noqa: PLR2004 - of these three
            raise broken(file, "The service string advice (UNA) gives two separators the same character.")
        characters = Characters(advice[3], advice[4], advice[5], advice[6], advice[7], advice[8])
        # A space says that there is no release character.
        characters.escape_character = "\0" if advice[6] == " " else advice[6]
        content = content[_advice_length:].lstrip(b" \r\n")
    separator = characters.data_separator.encode("latin-1")
    if not content.startswith(b"UNB" + separator):
        raise broken(file, "The file does not begin with an interchange (UNB).", hint="Is it EDIFACT?")
    syntax = content[4:8].decode("latin-1")
    encoding = layout.encoding or encodings.get(syntax)
    if encoding is None:
        raise broken(file, f"The character set of syntax {syntax!r} is not known.", hint="Set `encoding` in `format`.")
    try:
        return content.decode(encoding), characters
    except UnicodeDecodeError as cause:
        hint = "Set `encoding` in `format`, if the sender does not keep to its own syntax."
        raise broken(file, f"Byte {cause.start} is not of the character set of {syntax}.", hint=hint) from None


def _segments(text: str, characters: Characters, file: str) -> Iterator[tuple[str, Elements]]:
    tokens = TokenIterator(Tokenizer().get_tokens(text, characters))
    try:
        for number, (tag, *elements) in enumerate(Parser().convert_tokens_to_raw_segments(tokens), 1):
            if not isinstance(tag, str) or not _tag.match(tag):
                raise broken(file, f"Segment {number} does not begin with a tag.")
            yield tag, [_components(each) for each in elements]
    except (EDISyntaxError, RuntimeError):
        raise broken(file, "The file ends in the middle of a segment.", hint="Ask for it again.") from None


def _components(element: str | list[str]) -> list[str]:
    if isinstance(element, str):
        return [element] if element else []
    return element


def _records(segments: Iterator[tuple[str, Elements]], file: str) -> Iterator[Record]:
    header: Elements | None = None
    message: _Message | None = None
    count = 0
    for number, (tag, elements) in enumerate(segments, 1):
        if tag == "UNB" and header is None:
            header, count = elements, 0
        elif tag == "UNH" and header is not None and message is None:
            message = _Message(number, elements)
        elif tag == "UNT" and header is not None and message is not None:
            yield _record(header, message, elements, number)
            message, count = None, count + 1
        elif tag == "UNZ" and header is not None and message is None:
            _check_end(header, elements, count, file)
            header = None
        elif message is not None and tag not in _service:
            message.segments.append({"tag": tag, "elements": elements})
        else:
            hint = "Functional groups are not read." if tag in {"UNG", "UNE"} else "Ask for the file again."
            raise broken(file, f"Segment {number} ({tag}) is out of place.", hint=hint)
    if header is not None:
        raise broken(file, "The interchange has no end (UNZ).", hint="Ask for the file again.")


def _record(header: Elements, message: _Message, end: Elements, number: int) -> Record:
    expected = [str(len(message.segments) + 2), _first(message.header, 0)]
    if [_first(end, 0).lstrip("0"), _first(end, 1)] != expected:
        problem = f"The message says that it has {_first(end, 0) or 'no'} segments, or another reference than its end."
        return Record(message.at, problem=problem)
    kind = message.header[1] if len(message.header) > 1 else []
    if not kind:
        return Record(message.at, problem="The message does not say which one it is (UNH).")
    interchange = {name: _first(header, place) for place, name in enumerate(_header, 1)}
    interchange["prepared"] = ":".join(header[3]) if len(header) > 3 else ""  # noqa: PLR2004 - date and time
    return Record(
        number,
        {
            "interchange": {**interchange, "header": header},
            "reference": expected[1],
            "type": kind[0],
            "version": ":".join(kind[1:]),
            "header": message.header,
            "segments": message.segments,
        },
    )


def _check_end(header: Elements, end: Elements, count: int, file: str) -> None:
    again = "Ask for it again."
    if _first(end, 0).lstrip("0") != (str(count) if count else ""):
        said = _first(end, 0) or "nothing"
        raise broken(file, f"The interchange says that it has {said} messages, and has {count}.", hint=again)
    if _first(end, 1) != _first(header, 4):
        raise broken(file, "The interchange ends with another reference than it began with.", hint=again)


def _first(elements: Elements, place: int) -> str:
    return elements[place][0] if len(elements) > place and elements[place] else ""


def _envelope(layout: Edifact, rows: Sequence[JSON]) -> list[Any]:
    """Return the elements of UNB: those of a message that was read, or made of the four things that it must say."""
    interchange: dict[str, JSON] = {}
    for index, row in enumerate(rows):
        given = row.get("interchange") if isinstance(row, dict) else None
        if not isinstance(given, dict) or given != (interchange or given):
            raise RowError(index, "Each message says of which interchange it is, and all the same.", "interchange")
        interchange = given
    if "header" in interchange:
        header = _elements(interchange["header"], 0, "interchange.header")
        if len(header) < 5 or not _first(_lists(header), 4):  # noqa: PLR2004 - up to the reference
            raise RowError(0, "The header of an interchange has a reference.", "interchange.header")
        return [[layout.syntax, layout.syntax_version], *header[1:]]
    for name in _header:
        if not isinstance(interchange.get(name), str) or not interchange[name]:
            raise RowError(0, f"The interchange has no {name}.", f"interchange.{name}")
    prepared = interchange["prepared"].split(":")
    return [
        [layout.syntax, layout.syntax_version],
        interchange["sender"],
        interchange["recipient"],
        prepared,
        interchange["reference"],
    ]


def _written(row: Mapping[str, JSON], index: int) -> Iterator[Segment]:
    segments = row.get("segments")
    if not isinstance(segments, list):
        raise RowError(index, "A message has segments.", "segments")
    header = row.get("header")
    if header is None:
        for name in ("reference", "type", "version"):
            if not isinstance(row.get(name), str) or not row[name]:
                raise RowError(index, f"A message has a {name}, as text.", name)
        header = [[row["reference"]], [row["type"], *row["version"].split(":")]]
    made = _elements(header, index, "header")
    yield Segment("UNH", *made)
    for place, each in enumerate(segments):
        where = f"segments[{place}]"
        tag = each.get("tag") if isinstance(each, dict) else None
        if not isinstance(tag, str) or not _tag.match(tag) or tag in _service:
            raise RowError(index, "A segment has a tag of three letters, which is none of the envelope.", where)
        elements = _elements(each.get("elements"), index, where)
        if not elements:
            raise RowError(index, "A segment has elements.", where)
        yield Segment(tag, *elements)
    yield Segment("UNT", str(len(segments) + 2), _first(_lists(made), 0))


def _elements(given: JSON, row: int, where: str) -> list[Any]:
    """Return elements as the library writes them; each is a list of texts, or a text."""
    if not isinstance(given, list):
        raise RowError(row, "Elements are a list.", where)
    made: list[Any] = []
    for each in given:
        parts = [each] if isinstance(each, str) else each
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise RowError(row, "An element is a text, or a list of texts.", where)
        made.append(list(parts) or "")
    return made


def _lists(elements: Sequence[Any]) -> Elements:
    return [[each] if isinstance(each, str) else each for each in elements]
