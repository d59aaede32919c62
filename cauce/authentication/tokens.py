"""Keeps tokens until shortly before they expire, and fetches each of them once, however many ask at the same time."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from cauce.authentication.token_request import Granted
from cauce.logging import blot_out, forget

MOST: Final = 1_000
# For tokens of which nobody says how long they last, and the longest that any is kept.
UNKNOWN_S: Final = 300.0
LONGEST_S: Final = 86_400.0
_MARGIN_S: Final = 30.0
_MARGIN: Final = 0.1


@dataclass(slots=True)
class Kept:
    """A token, and until when (in the loop's time) it is used."""

    token: str = field(repr=False)
    until: float
    refresh_token: str | None = field(default=None, repr=False)


Fetch = Callable[[str | None], Awaitable[Granted]]


@dataclass(slots=True)
class Tokens:
    """The tokens of one worker; the least recently used one goes when there are too many."""

    kept: OrderedDict[str, Kept] = field(default_factory=OrderedDict, repr=False)
    _fetching: dict[str, "asyncio.Task[str]"] = field(default_factory=dict)

    async def get(self, key: str, fetch: Fetch) -> tuple[str, bool]:
        """Return the token of a key, and whether it had been kept; `fetch` gets the refresh token that is known."""
        kept = self.kept.get(key)
        if kept is not None and asyncio.get_running_loop().time() < kept.until:
            self.kept.move_to_end(key)
            return kept.token, True
        task = self._fetching.get(key)
        if task is None:
            # A task of its own, so that whoever gives up waiting does not take it from the others.
            task = self._fetching[key] = asyncio.create_task(self._fetch(key, fetch))
            task.add_done_callback(lambda ended: self._ended(key, ended))
        return await asyncio.shield(task), False

    def drop(self, key: str, token: str) -> None:
        """Use a token no more, because it was refused."""
        kept = self.kept.get(key)
        if kept is not None and kept.token == token:
            kept.until = 0.0

    async def _fetch(self, key: str, fetch: Fetch) -> str:
        before = self.kept.get(key)
        granted = await fetch(before.refresh_token if before else None)
        for value in (granted.token, granted.refresh_token):
            if value:
                blot_out(value)
        refresh_token = granted.refresh_token or (before.refresh_token if before else None)
        until = asyncio.get_running_loop().time() + _usable_s(granted.lasts_s)
        if before is not None and before.token != granted.token:
            forget(before.token)
        self.kept[key] = Kept(granted.token, until, refresh_token)
        self.kept.move_to_end(key)
        while len(self.kept) > MOST:
            _, oldest = self.kept.popitem(last=False)
            forget(oldest.token)
        return granted.token

    def _ended(self, key: str, task: "asyncio.Task[str]") -> None:
        self._fetching.pop(key, None)
        if not task.cancelled():
            # Asked for its error, because those who waited for it may all have given up.
            task.exception()


def _usable_s(lasts_s: float | None) -> float:
    if lasts_s is None:
        return UNKNOWN_S
    return min(lasts_s - min(_MARGIN_S, lasts_s * _MARGIN), LONGEST_S)
