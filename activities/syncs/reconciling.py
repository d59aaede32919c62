"""Compares what both sides of a sync hold: read page by page, kept as digests, told as counts, sums and some keys."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final

from activities.connections import Opened
from activities.syncs.reading import read_page
from cauce.errors import InputError
from cauce.expressions import compile_expression
from cauce.sync import MAPPING_VARIABLES, Feed

JSON = Any
most_rows: Final = 200_000
most_keys: Final = 50
_SIZE: Final = 8
_SHORT: Final = 8
_NONE: Final = bytes(_SIZE)


@dataclass(frozen=True, slots=True)
class Way:
    """How a side is read: its rows as the fields that both sides share, and which of them are the same."""

    feed: Feed
    mapping: str
    match: str
    batch: int


@dataclass(slots=True)
class Compared:
    """What comparing came to; `keys` are some of the rows that differ: {key, what, fields}, without any value."""

    source: int = 0
    target: int = 0
    differences: int = 0
    sums: dict[str, list[str]] = field(default_factory=dict)
    keys: list[JSON] = field(default_factory=list)

    def differs(self, key: str, what: str, fields: list[str] | None = None) -> None:
        """Note a row that differs."""
        self.differences += 1
        if len(self.keys) < most_keys:
            self.keys.append({"key": masked(key), "what": what, "fields": fields or []})


async def compare(source: Opened, target: Opened, ways: tuple[Way, Way]) -> Compared:
    """Read both sides, one after the other, and compare them.

    Raises:
        InputError: A side has too many rows to be compared.
    """
    found, names = Compared(), dict[str, int]()
    sums: tuple[dict[str, Decimal], dict[str, Decimal]] = ({}, {})
    known: dict[str, bytes] = {}
    async for key, row in _rows(source, ways[0]):
        found.source += 1
        if key in known:
            found.differs(key, "twice-in-source")
        known[key] = _digests(row, names, sums[0])
    met: set[str] = set()
    async for key, row in _rows(target, ways[1]):
        found.target += 1
        digests = _digests(row, names, sums[1])
        if key in met:
            found.differs(key, "twice-in-target")
        elif key not in known:
            found.differs(key, "not-in-source")
        elif fields := _different(known[key], digests, names):
            found.differs(key, "differs", fields)
        met.add(key)
    for key in sorted(known.keys() - met):
        found.differs(key, "not-in-target")
    found.sums = {
        name: [f"{sums[0].get(name, Decimal()):f}", f"{sums[1].get(name, Decimal()):f}"]
        for name in sorted({*sums[0], *sums[1]})
    }
    return found


def masked(key: str) -> str:
    """Return a key that may be somebody's number or address so that it can be recognised, and not read."""
    return key if len(key) <= _SHORT else f"{key[:4]}…{key[-2:]}"


async def _rows(opened: Opened, way: Way) -> Any:  # noqa: ANN401 - an iterator of keys and fields
    mapping = compile_expression(way.mapping, variables=MAPPING_VARIABLES)
    match = compile_expression(way.match)
    after, count = None, 0
    while True:
        page = await read_page(opened, way.feed, after, way.batch)
        for each in page.rows:
            row = mapping.first(each, {"target": None})
            if row is None:
                continue  # what a mapping leaves out is not of the sync
            count += 1
            if count > most_rows:
                hint = "Compare a part: read fewer rows in `reconcile`."
                raise InputError(f"{way.feed.call} has more than {most_rows:,} rows.", hint=hint)
            yield _text(match.first(row, {})), row
        if page.last:
            return
        after = page.after


def _digests(row: Mapping[str, JSON], names: dict[str, int], sums: dict[str, Decimal]) -> bytes:
    for name, value in row.items():
        names.setdefault(name, len(names))
        if isinstance(value, int | float) and not isinstance(value, bool):
            sums[name] = sums.get(name, Decimal()) + Decimal(str(value))
    parts = [_NONE] * len(names)
    for name, value in row.items():
        # What is null need not be there.
        if value is not None:
            parts[names[name]] = blake2b(_text(value).encode(), digest_size=_SIZE).digest()
    return b"".join(parts)


def _different(one: bytes, other: bytes, names: Mapping[str, int]) -> list[str]:
    length = len(names) * _SIZE
    one, other = one.ljust(length, b"\0"), other.ljust(length, b"\0")
    return [
        name for name, at in names.items() if one[at * _SIZE : (at + 1) * _SIZE] != other[at * _SIZE : (at + 1) * _SIZE]
    ]


def _text(value: JSON) -> str:
    """Return a value as text that is the same for the same value: 1 is 1.0, and true is not 1."""
    if isinstance(value, str):
        return value
    return json.dumps(_plain(value), sort_keys=True, ensure_ascii=False)


def _plain(value: JSON) -> JSON:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items() if each is not None}
    return [_plain(each) for each in value] if isinstance(value, list) else value
