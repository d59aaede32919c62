"""The event log of one case, in memory: what arrived and was emitted, who listens, and what was used up."""

from dataclasses import dataclass, field
from typing import Any

from cauce.bound_filters import bound
from cauce.contract import EventCame, Heard, Listen, StopListening

JSON = Any


@dataclass(slots=True)
class EventLog:
    """Events by their places, which count from 1; `to_tell` are the listeners that do not know of their event yet."""

    events: list[dict[str, JSON]] = field(default_factory=list)
    to_tell: list[tuple[str, EventCame]] = field(default_factory=list)
    _listeners: dict[str, Listen] = field(default_factory=dict)
    _used: dict[tuple[str, int], int] = field(default_factory=dict)

    def append(self, event: dict[str, JSON]) -> None:
        """Keep an event, and note who has to be told; the same one twice is one."""
        if any((each["source"], each["id"]) == (event["source"], event["id"]) for each in self.events):
            return
        self.events.append(event)
        for token, listener in self._listeners.items():
            if any(bound(each).matches(event) for each in listener.filters):
                self.to_tell.append((listener.instance, EventCame(token, len(self.events))))

    def listen(self, wanted: Listen) -> Heard:
        """Return what is in the log for a listener."""
        if wanted.begin:
            self._listeners[wanted.token] = wanted
        found = []
        for sequence, event in enumerate(self.events[wanted.after :], wanted.after + 1):
            used = self._used.get((wanted.instance, sequence))
            numbers = [number for number, each in enumerate(wanted.filters) if bound(each).matches(event)]
            if numbers and (used is None or used > wanted.turn):
                found.append({"sequence": sequence, "event": event, "filters": numbers})
        return Heard(max(len(self.events), wanted.after), found)

    def stop(self, over: StopListening) -> None:
        """Forget a listener, and keep what it has used up from those that follow."""
        for sequence in over.consumed:
            self._used.setdefault((over.instance, sequence), over.turn)
        if not over.goes_on:
            self._listeners.pop(over.token, None)
