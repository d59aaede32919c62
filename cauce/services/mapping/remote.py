"""What the other system wants of an operation and gives for it: as agreed, else as its contract says now."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cauce.errors import CauceError
from cauce.services.drift import reading
from cauce.services.hub import Hub
from cauce.services.mapping import messages
from cauce.store import drift
from cauce.store.models import Definition

JSON = Any
_FRESH_S: Final = 300.0
_FAILED_S: Final = 20.0
_MOST: Final = 32


@dataclass(frozen=True, slots=True)
class Remote:
    """The schemas of an operation on the other side; None where nobody says, and `problem` says why."""

    input: JSON = None
    output: JSON = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Read:
    until: float
    operations: Mapping[str, JSON]
    problem: str = ""


# Reading a contract asks the other system, and the page asks for it with every preview.
_read: dict[tuple[str, str], _Read] = {}


async def remote_of(hub: Hub, row: Definition, operation: str) -> Remote:
    """Return what is known of an operation's other side."""
    async with hub.store.read() as db:
        kept = await drift.contract(db, row.name)
    kind, calls = row.document["kind"], row.document["operations"][operation]["calls"]
    said, problem = (kept.agreed if kept else {}).get(operation), ""
    if not said or said["calls"] != calls:
        said, problem = None, "This kind of connection has no contract that says it."
        if reading.is_watched(kind):
            found = await _now(hub, row)
            said = found.operations.get(operation)
            problem = found.problem or "The contract of the system does not say it."
    sent, given = (said.get("input"), said.get("output")) if said else (None, None)
    return Remote(messages.request(kind, calls, sent), messages.response(kind, given), problem)


async def _now(hub: Hub, row: Definition) -> _Read:
    key = (row.name, row.digest)
    known = _read.get(key)
    if known is not None and known.until > time.monotonic():
        return known
    try:
        found = _Read(time.monotonic() + _FRESH_S, await reading.read(row.document, hub.resolver))
    except CauceError as error:
        found = _Read(time.monotonic() + _FAILED_S, {}, error.problem)
    if len(_read) >= _MOST:
        _read.clear()
    _read[key] = found
    return found
