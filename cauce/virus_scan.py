"""Asks a virus scanner about bytes: clamd, or what speaks as it does over TCP (`INSTREAM`)."""

import asyncio
import struct
from typing import Final

from cauce.errors import TransientError

_PIECE: Final = 64 * 1024
_ANSWER_S: Final = 30.0
_MOST_ANSWER: Final = 4_096


async def infection(address: str, content: bytes) -> str:
    """Return the name of what a scanner at `host:port` found, or nothing.

    Raises:
        TransientError: The scanner does not answer, or not as one does: then nobody knows.
    """
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(_ANSWER_S):
            answer = await _asked(host.strip("[]"), int(port), content)
    except (OSError, TimeoutError) as cause:
        raise _unknown("does not answer") from cause
    if answer.endswith("FOUND"):
        return answer.partition(":")[2].removesuffix("FOUND").strip() or "a virus"
    if answer.endswith("OK"):
        return ""
    raise _unknown("could not look at the file")


async def _asked(host: str, port: int, content: bytes) -> str:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(b"zINSTREAM\0")
        for start in range(0, len(content), _PIECE):
            piece = content[start : start + _PIECE]
            writer.write(struct.pack("!I", len(piece)) + piece)
            await writer.drain()
        writer.write(struct.pack("!I", 0))
        await writer.drain()
        answer = await reader.read(_MOST_ANSWER)
    finally:
        writer.close()
    return answer.decode("utf-8", "replace").rstrip("\0\r\n ")


def _unknown(what: str) -> TransientError:
    return TransientError(f"The virus scanner {what}.", hint="Attach the file again in a few minutes.")
