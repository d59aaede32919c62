"""Messages between the connector and its worker processes: a length, then JSON.

Neither side runs code that the other one sends, which pickle would.
"""

import struct
from collections.abc import Mapping
from typing import IO, Any, Final

import orjson

header: Final = struct.Struct(">I")
largest: Final = 256 * 1024 * 1024
Message = Mapping[str, Any]


def pack(message: Message) -> bytes:
    """Return a message as bytes, its length first."""
    body = orjson.dumps(message)
    return header.pack(len(body)) + body


def unpack(body: bytes) -> dict[str, Any]:
    """Return the message that these bytes (without the length) are."""
    message: dict[str, Any] = orjson.loads(body)
    return message


def read(stream: IO[bytes]) -> dict[str, Any] | None:
    """Read one message from a blocking stream; None at its end."""
    head = stream.read(header.size)
    if len(head) < header.size:
        return None
    body = stream.read(header.unpack(head)[0])
    return unpack(body)
