"""A definition file as read: its data and the line and column of every key and value in it.

Everything that takes a definition from outside (the command line, the API, the editor) comes in through here, so this
is where the limits on size, depth and alias expansion are held.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml.error import YAMLError
from yaml.events import DocumentStartEvent, Event

from cauce.errors import CauceError, DefinitionError, Finding, Place, TooLargeError
from schemas import events
from schemas.reading import Builder, Limits, Mark
from schemas.yaml_problems import explain

JSON = Any
# The scanner of the library takes time quadratic in the length of these names.
_LONG_NAME = re.compile(r"(?:(?<=[\s\[{,:-])|^)[!&*%]\S{1000}")


@dataclass(frozen=True, slots=True)
class Places:
    """Where each key and value of a document is, by JSON pointer."""

    file: str
    marks: Mapping[str, Mark]
    lines: tuple[str, ...] = field(repr=False)

    def key(self, pointer: str) -> Place:
        """Return where the key (or list item) at `pointer` starts, or its nearest ancestor."""
        mark = self._mark(pointer)
        return Place(self.file, mark.key_line + 1, mark.key_column + 1)

    def value(self, pointer: str) -> Place:
        """Return where the value at `pointer` starts, or the key of its nearest ancestor."""
        mark = self.marks.get(pointer)
        return Place(self.file, mark.line + 1, mark.column + 1) if mark else self.key(pointer)

    def text(self, pointer: str, value: str, offset: int) -> Place:
        """Return where character `offset` of the text `value` at `pointer` stands in the file."""
        mark = self.marks.get(pointer)
        if mark is None:
            return self.key(pointer)
        if mark.style in ("|", ">"):
            return self._in_block(mark, value, offset)
        start = mark.column + (1 if mark.style else 0)
        line = self.lines[mark.line] if mark.line < len(self.lines) else ""
        quotes = value[:offset].count("'") if mark.style == "'" else 0
        written = value[:offset].replace("'", "''") if mark.style == "'" else value[:offset]
        if line.startswith(written, start):
            return Place(self.file, mark.line + 1, start + offset + quotes + 1)
        return self.value(pointer)

    def _in_block(self, mark: Mark, value: str, offset: int) -> Place:
        nth = value.count("\n", 0, offset)
        column = offset - (value.rfind("\n", 0, offset) + 1)
        first = value.split("\n", 1)[0]
        number = mark.line + 1 + nth
        head = self.lines[mark.line + 1] if mark.line + 1 < len(self.lines) else ""
        indent = head.find(first) if first else 0
        if mark.style == ">" or indent < 0 or number >= len(self.lines):
            return Place(self.file, mark.line + 1, mark.column + 1)
        return Place(self.file, number + 1, indent + column + 1)

    def _mark(self, pointer: str) -> Mark:
        while pointer and pointer not in self.marks:
            pointer = pointer.rpartition("/")[0]
        return self.marks.get(pointer) or Mark(0, 0, 0, 0, None)


@dataclass(frozen=True, slots=True)
class Source:
    """One document of a definition file."""

    file: str
    text: str = field(repr=False)
    data: JSON
    places: Places = field(repr=False)

    def place(self, pointer: str) -> Place:
        """Return where the key at the JSON pointer is; the nearest ancestor's place when it is not there."""
        return self.places.key(pointer)

    def value_place(self, pointer: str) -> Place:
        """Return where the value at the JSON pointer starts."""
        return self.places.value(pointer)

    def text_place(self, pointer: str, offset: int) -> Place:
        """Return where character `offset` of the text at the JSON pointer stands in the file."""
        value = at(self.data, pointer)
        return self.places.text(pointer, value, offset) if isinstance(value, str) else self.value_place(pointer)


def at(data: JSON, pointer: str) -> JSON:
    """Return what stands at a JSON pointer, or None."""
    for step in pointer.split("/")[1:]:
        key = unescape(step)
        if isinstance(data, dict) and key in data:
            data = data[key]
        elif isinstance(data, list) and key.isdecimal() and int(key) < len(data):
            data = data[int(key)]
        else:
            return None
    return data


def step(key: str | int) -> str:
    """Return one step of a JSON pointer, with its slash."""
    return f"/{key}" if isinstance(key, int) else "/" + key.replace("~", "~0").replace("/", "~1")


def unescape(part: str) -> str:
    """Return the key that one step of a JSON pointer names."""
    return part.replace("~1", "/").replace("~0", "~")


def load_yaml(text: str, file: str, limits: Limits | None = None) -> Source:
    """Read the one document in `text`.

    Raises:
        DefinitionError: It is not YAML, or more than plain JSON data; the findings say where.
        TooLargeError: It passes one of the limits.
    """
    documents = load_all(text, file, limits)
    if len(documents) == 1:
        return documents[0]
    if not documents:
        raise _refusal("yaml", "The file is empty.", "Write a definition into it.", Place(file, 1, 1))
    second = documents[1].places.value("")
    raise _refusal("yaml", "A second document starts here.", "Put each definition into a file of its own.", second)


def load_all(text: str, file: str, limits: Limits | None = None) -> list[Source]:
    """Read all documents of a stream, leaving out empty ones; raises as `load_yaml` does."""
    limits = limits or Limits()
    _check_bytes(len(text) if len(text) > limits.bytes else len(text.encode(errors="replace")), file, limits)
    text = text.removeprefix("\ufeff")
    long = _LONG_NAME.search(text)
    if long:
        line = text.count("\n", 0, long.start()) + 1
        where = str(Place(file, line, long.start() - text.rfind("\n", 0, long.start())))
        raise TooLargeError(
            "A tag, anchor or alias is longer than 1,000 characters.", hint="Quote the text.", where=where
        )
    # Split as YAML counts lines: str.splitlines also breaks at form feeds and other separators.
    lines = tuple(re.split("\r\n|[\r\n\x85\u2028\u2029]", text))
    try:
        try:
            documents = list(_documents(events.fast(text), file, limits))
        except events.NotReadError:
            documents = list(_documents(events.thorough(text), file, limits))
    except YAMLError as error:
        told = explain(error, lines, file)
        raise _refusal("yaml", told.problem, told.hint, told.place or Place(file, 1, 1)) from error
    return [Source(file, text, data, Places(file, marks, lines)) for data, marks in documents]


def load_file(path: Path, limits: Limits | None = None) -> Source:
    """Read the definition in a file; a file that is too large is refused before it is read."""
    limits = limits or Limits()
    return load_yaml(read_text(path, limits), str(path), limits)


def read_text(path: Path, limits: Limits | None = None) -> str:
    """Return the text of a file, refusing what is too large or not UTF-8."""
    limits = limits or Limits()
    _check_bytes(path.stat().st_size, str(path), limits)
    content = path.read_bytes()
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start]
        place = Place(str(path), before.count(b"\n") + 1, error.start - before.rfind(b"\n"))
        raise _refusal("yaml", "The file is not UTF-8 text.", "Save it as UTF-8.", place) from error


def findings_of(error: CauceError, file: str = "") -> tuple[Finding, ...]:
    """Return what a refused file should show in a list of findings."""
    if isinstance(error, DefinitionError) and error.findings:
        return error.findings
    written = re.fullmatch(r"(.*):(\d+):(\d+)", error.where)
    place = Place(written[1], int(written[2]), int(written[3])) if written else Place(error.where or file, 1, 1)
    return (Finding(error.code, error.problem, error.hint, place),)


def _documents(read: Iterator[Event], file: str, limits: Limits) -> Iterator[tuple[JSON, Mapping[str, Mark]]]:
    for event in read:
        if isinstance(event, DocumentStartEvent):
            builder = Builder(read, file, limits)
            data = builder.document()
            if not builder.is_empty:
                yield data, builder.marks


def _check_bytes(size: int, file: str, limits: Limits) -> None:
    if size > limits.bytes:
        problem = f"The file has {size / 2**20:,.1f} MiB; a definition may have {limits.bytes / 2**20:,.1f} MiB."
        raise TooLargeError(problem, hint="Split it into smaller processes, or move data out of it.", where=file)


def _refusal(code: str, problem: str, hint: str, place: Place) -> DefinitionError:
    return DefinitionError(problem, hint=hint, where=str(place), findings=(Finding(code, problem, hint, place),))
