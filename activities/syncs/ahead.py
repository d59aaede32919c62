"""Reads the next rows of a source while those before them are written."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from activities.syncs.reading import Page
from activities.syncs.rows import Batch

JSON = Any
Read = Callable[[], Awaitable[tuple[Page, Batch]]]


@dataclass(slots=True)
class Ahead:
    """At most one page is read ahead; whoever leaves drops it, because nothing of it is noted anywhere.

    Unless it is `allowed`, nothing is read ahead: the step that would take the rows may not come.
    """

    allowed: bool = False
    _after: JSON = None
    _reading: asyncio.Future[tuple[Page, Batch]] | None = None

    async def take(self, after: JSON, read: Read) -> tuple[Page, Batch]:
        """Return the rows behind a place: those that were read ahead, or what `read` gives."""
        reading, self._reading = self._reading, None
        if reading is None or self._after != after:
            await _dropped(reading)
            return await read()
        return await reading

    def begin(self, after: JSON, read: Read) -> None:
        """Begin to read the rows behind a place, if that is allowed."""
        if self.allowed:
            self._after, self._reading = after, asyncio.ensure_future(read())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        reading, self._reading = self._reading, None
        await _dropped(reading)


async def _dropped(reading: asyncio.Future[tuple[Page, Batch]] | None) -> None:
    if reading is not None:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
