"""What an instance listens to: which of its tasks wait for events, and which of those have something to read."""

import asyncio
from typing import Any

JSON = Any


class Inbox:
    """The listeners of one instance that are open now, by their token.

    Events themselves are in the log; a listener that is told of one reads there. So nothing is lost when the telling
    is, as long as every listener reads once when it begins, and once when a new run takes over.
    """

    def __init__(self) -> None:
        self.listeners: dict[str, dict[str, JSON]] = {}
        self._told: dict[str, int] = {}
        self._changed = asyncio.Event()

    def tell(self, token: str, sequence: int) -> None:
        """Note that the log holds something for a listener, at this place or before it."""
        # Kept for listeners that are not open yet as well, because the walk may not have reached them again.
        self._told[token] = max(sequence, self._told.get(token, 0))
        self._changed.set()

    async def something_behind(self, token: str, position: int) -> None:
        """Wait until the log holds something for a listener behind a position."""
        while self._told.get(token, 0) <= position:
            self._changed.clear()
            await self._changed.wait()

    def close(self, token: str) -> None:
        """Forget a listener."""
        self.listeners.pop(token, None)
        self._told.pop(token, None)
