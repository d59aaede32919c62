"""Events for an instance that runs on a bench: each is sent when the instance waits for one, or at its moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cauce.services import events
from cauce.services.hub import Actor, Hub
from cauce.store import events as log
from cauce.testing.watching import Sighting

JSON = Any
# How an entry says, in seconds since the start, when it is sent; no attribute of an event has such a name.
AT = "$at"


@dataclass(slots=True)
class Coming:
    """Events that are still to come, in their order."""

    hub: Hub
    actor: Actor
    events: Sequence[Mapping[str, JSON]]
    sent: int = 0
    seen: tuple[float, int] = (0.0, 0)

    def quiet(self, standing: Sighting) -> int:
        """Return how often the instance was seen like this, doing nothing since it last did something.

        Once is not enough: what a server says of an instance that it is about to run may be a step behind.
        """
        last, times = self.seen
        self.seen = (standing.now, times + 1 if standing.now == last else 1)
        return self.seen[1]

    async def settled(self) -> bool:
        """Tell whether everybody was told of everything that is in the log."""
        async with self.hub.store.read() as db:
            return not await log.has_unrouted(db)

    def at(self, standing: Sighting) -> float | None:
        """Return the moment at which the next event is sent; None when there is none that has its moment."""
        if self.sent == len(self.events) or AT not in self.events[self.sent]:
            return None
        return standing.started_at + float(self.events[self.sent][AT])

    async def send(self, standing: Sighting, now: float) -> bool:
        """Send the next event if it is its turn; tell whether it was."""
        moment = self.at(standing)
        is_due = now >= moment if moment is not None else bool(standing.listening)
        if self.sent == len(self.events) or not is_due:
            return False
        event = self.events[self.sent]
        self.sent += 1
        await events.receive(self.hub, self.actor, {key: value for key, value in event.items() if key != AT})
        return True
