"""What a connector kind gives that systems outside call: a class `Receiver` in the module `receiving` of its package.

It knows how such a system proves who it is, how a request is read, and how it is answered. What is done with what came
(an event, the start of a process) is the same for all kinds, and in `cauce.services.inbound`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Protocol

from cauce.errors import CauceError

JSON = Any
# What proves who somebody is never reaches a mapping, an event or a dead letter.
_CONFIDENTIAL: Final = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})
json_type: Final = "application/json"
problem_type: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Emitted:
    """The event that something received becomes; the expressions see what was received."""

    type: str
    data: str | None = None
    subject: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """The process that something received starts, whose output is waited for so long."""

    process: str
    input: str | None = None
    key: str | None = None
    timeout_s: float = 20.0
    response: str = "."


@dataclass(frozen=True, slots=True)
class Fixed:
    """An answer that does not depend on what is done."""

    status: int = HTTPStatus.ACCEPTED
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Reception:
    """One thing that a connection receives, as its file declares it."""

    name: str
    when: str | None = None
    id: str | None = None
    input: JSON = None
    output: JSON = None
    event: Emitted | None = None
    starts: Started | None = None
    answer: Fixed | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What came over HTTP; the names of headers are in small letters, `address` is where the connection is reached."""

    method: str
    address: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    now: datetime

    def plain_headers(self, *confidential: str) -> dict[str, str]:
        """Return the headers that mappings may see."""
        hidden = _CONFIDENTIAL | {name.lower() for name in confidential}
        return {name: value for name, value in self.headers.items() if name not in hidden}


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a system that proved who it is has sent.

    `content` is what the mappings see and `at` the name within it of what was sent itself, empty where that is all.
    `id` tells it from others: the same id is the same delivery, empty where the sender gives none. `reception` is empty
    where the first one is meant whose `when` holds. `flaw` is why the content could not be read.
    """

    content: JSON = field(repr=False)
    id: str = ""
    at: str = ""
    reception: str = ""
    flaw: CauceError | None = None

    @property
    def payload(self) -> JSON:
        """What was sent itself."""
        return self.content[self.at] if self.at else self.content


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a delivery: an event (not `new` when it had come before), an instance, or nothing at all.

    `state` is `accepted`, `repeated`, `ignored`, `completed` or `running`; `output` is what a process gave, `body` the
    answer that is configured.
    """

    state: str
    reception: Reception | None = None
    event: str = ""
    sequence: int | None = None
    instances: Sequence[str] = ()
    output: JSON = None
    body: JSON = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back over HTTP."""

    status: int
    body: bytes = b""
    media_type: str = json_type
    headers: Mapping[str, str] = field(default_factory=dict)


class Receiver(Protocol):
    """How a kind is spoken to from outside; made anew for each request, from settings whose secrets are filled in."""

    def describe(self, request: Request) -> Answer:
        """Answer a GET: what can be sent here, as far as strangers may know it."""

    def read(self, request: Request) -> Delivery:
        """Return what was sent; raise UnauthenticatedError first when the sender does not prove who it is."""

    def accept(self, request: Request, done: Done) -> Answer:
        """Say what became of it."""

    def refuse(self, request: Request, error: CauceError) -> Answer:
        """Say why it was not taken; nothing that was sent, and no secret, may be in it."""
