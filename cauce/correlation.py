"""Which call belongs to which instance and to which trace: what logs, spans and requests to other systems say of it.

A trace that somebody began (an HTTP header, an attribute of an event) is carried on. An instance that nobody traced has
a trace all the same: its id is made from that of its first run, so whoever knows the one knows the other.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

TRACEPARENT: Final = "traceparent"
CORRELATION_ID: Final = "X-Correlation-ID"
# Version 00 of W3C Trace Context; what a later version adds behind it is left out.
_traceparent: Final = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?", re.DOTALL)
_nothing: Final = re.compile(r"0+")
_longest: Final = 512


@dataclass(frozen=True, slots=True)
class Trace:
    """A place in a trace, as W3C Trace Context has it."""

    trace_id: str
    span_id: str
    flags: str = "00"

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"

    def next(self) -> "Trace":
        """Return a place below this one."""
        return Trace(self.trace_id, os.urandom(8).hex(), self.flags)


@dataclass(frozen=True, slots=True)
class Correlation:
    """What is being done: for which instance and task, at which connection, in which trace."""

    trace: Trace
    instance: str = ""
    task: str = ""
    connection: str = ""
    operation: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """What a line of the log says of it."""
        named = {"instance": self.instance, "task": self.task, "connection": self.connection}
        found = {name: value for name, value in {**named, "operation": self.operation}.items() if value}
        return {**found, "trace": self.trace.trace_id}

    def at(self, trace: Trace) -> "Correlation":
        """Return the same at another place of the trace."""
        return Correlation(trace, self.instance, self.task, self.connection, self.operation)

    def headers(self) -> dict[str, str]:
        """Return what a request to another system says of it: the id of the instance only where a connection leads."""
        told = {TRACEPARENT: str(self.trace)}
        if self.connection and self.instance:
            # What is not plain ASCII is percent-encoded: some servers drop a request for less.
            told[CORRELATION_ID] = quote(self.instance, safe="/:.-_~ @+=,()")[:_longest]
        return told


_current: ContextVar[Correlation | None] = ContextVar("correlation", default=None)


def current() -> Correlation | None:
    """Return what is being done here and now, if that is known."""
    return _current.get()


def headers() -> dict[str, str]:
    """Return the headers of a request that is made here and now."""
    known = _current.get()
    return {} if known is None else known.headers()


def fields() -> Mapping[str, str]:
    """Return what a line of the log says of what is being done here and now."""
    known = _current.get()
    return {} if known is None else known.fields


@contextmanager
def within(correlation: Correlation | None) -> Iterator[None]:
    """Let what happens in the block belong to this."""
    token = _current.set(correlation)
    try:
        yield
    finally:
        _current.reset(token)


def read(traceparent: object) -> Trace | None:
    """Return the trace that a `traceparent` names; None when it is none."""
    if not isinstance(traceparent, str) or len(traceparent) > _longest:
        return None
    found = _traceparent.fullmatch(traceparent.strip())
    if found is None or _nothing.fullmatch(found[1]) or _nothing.fullmatch(found[2]):
        return None
    return Trace(found[1], found[2], found[3])


def of_run(run_id: str, *, sampled: bool = False) -> Trace:
    """Return the trace of an instance that nobody traced, from the id of its first run."""
    digest = hashlib.sha256(run_id.encode()).hexdigest()
    return Trace(digest[:32], digest[32:48], "01" if sampled else "00")


def of_event(event: Mapping[str, object]) -> Correlation | None:
    """Return the trace that an event carries, as the distributed tracing extension of CloudEvents has it."""
    found = read(event.get(TRACEPARENT))
    return Correlation(found) if found else None


def traced(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event that carries the trace in which it comes about, unless it carries one already."""
    known = _current.get()
    return {**({TRACEPARENT: str(known.trace)} if known else {}), **event}
