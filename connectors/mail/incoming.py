"""Reads messages that anybody may have written: what is broken or too long is said in `problems`, never raised."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any, Final

from cauce.connector import JSON
from connectors.mail.threads import Threads

# Reading headers takes time that grows with the square of their length.
_longest_header: Final = 16_000
_most_parts: Final = 500
# The parser looks for the end of every open part in every line, and goes down into each by calling itself.
_most_boundaries: Final = 100
_most_work: Final = 5_000_000
_texts: Final = {"text/plain": "text", "text/html": "html"}
_unreadable = (ValueError, LookupError, TypeError, AttributeError, RecursionError, MessageError, binascii.Error)


@dataclass(slots=True)
class _Reading:
    message: "Message[str, str]"
    problems: list[str] = field(default_factory=list)

    def raw(self, name: str) -> list[str]:
        found = [str(value) for value in self.message.get_all(name, [])]
        if any(len(each) > _longest_header for each in found):
            self.problems.append(f"The header {name} was longer than {_longest_header} characters and was cut.")
        return [each[:_longest_header] for each in found[:20]]

    def text(self, name: str) -> str:
        return self.decoded(" ".join(self.raw(name)), name)

    def decoded(self, raw: str, name: str) -> str:
        unfolded = " ".join(raw.split())
        try:
            return "".join(_piece(piece, charset) for piece, charset in decode_header(unfolded)).strip()
        except _unreadable:
            self.problems.append(f"The header {name} could not be decoded.")
            return unfolded

    def addresses(self, name: str) -> list[dict[str, str]]:
        try:
            found = getaddresses(self.raw(name))
        except _unreadable:
            self.problems.append(f"The header {name} could not be read.")
            return []
        return [{"name": self.decoded(who, name), "address": address} for who, address in found if address]

    def date(self) -> str | None:
        try:
            at = parsedate_to_datetime(self.raw("Date")[0])
        except (IndexError, *_unreadable):
            return None
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()


def read(raw: bytes, threads: Threads, *, whole: bool, with_files: bool) -> dict[str, Any]:
    """Return a message as JSON; when it is not `whole` it has only headers."""
    tangled = whole and _is_tangle(raw)
    reading = _Reading(message_from_bytes(raw if whole and not tangled else raw.partition(b"\r\n\r\n")[0]))
    ids = [*" ".join(reading.raw("References")).split(), *" ".join(reading.raw("In-Reply-To")).split()]
    to, cc = reading.addresses("To"), reading.addresses("Cc")
    subject = reading.text("Subject")
    # The newest answer is quoted last.
    everybody = [each["address"] for each in (*to, *cc, *reading.addresses("Delivered-To"))]
    head: dict[str, JSON] = {
        "messageId": reading.text("Message-ID") or None,
        "inReplyTo": next(iter(reading.text("In-Reply-To").split()), None),
        "references": ids,
        "thread": threads.find(reversed(ids), subject, everybody),
        "date": reading.date(),
        "from": next(iter(reading.addresses("From")), None),
        "replyTo": reading.addresses("Reply-To"),
        "to": to,
        "cc": cc,
        "subject": subject,
        "automatic": reading.text("Auto-Submitted").partition(";")[0].strip().casefold() not in {"", "no"},
    }
    body: dict[str, JSON] = {"text": None, "html": None, "attachments": []}
    if tangled:
        reading.problems.append("The message has too many parts inside parts; only its headers were read.")
    elif whole:
        _read_parts(reading, body, with_files=with_files)
    else:
        reading.problems.append("The message is larger than settings.max_bytes; only its headers were read.")
    return {**head, **body, "problems": reading.problems}


def _is_tangle(raw: bytes) -> bool:
    boundaries = raw.lower().count(b"boundary")
    return boundaries > _most_boundaries or boundaries * raw.count(b"\n") > _most_work


def _read_parts(reading: _Reading, body: dict[str, JSON], *, with_files: bool) -> None:
    for count, part in enumerate(_leaves(reading.message)):
        if count == _most_parts:
            reading.problems.append(f"The message has more than {_most_parts} parts; the others were left out.")
            return
        kind = _texts.get(part.get_content_type())
        name = _file_name(reading, part)
        if kind and not name and part.get_content_disposition() != "attachment":
            text = _text(reading, part)
            body[kind] = text if body[kind] is None else f"{body[kind]}\n{text}"
            continue
        data = _bytes(part)
        file = {"name": name, "type": part.get_content_type(), "size": len(data)}
        body["attachments"].append({**file, "content": base64.b64encode(data).decode()} if with_files else file)


def _leaves(message: "Message[str, str]") -> Iterator["Message[str, str]"]:
    """Yield the parts in their order; a message within the message is one part."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        inner = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(inner, list):
            waiting.extend(reversed([each for each in inner if isinstance(each, Message)]))
        else:
            yield part


def _bytes(part: "Message[str, str]") -> bytes:
    inner = part.get_payload()
    if isinstance(inner, list):
        return b"\r\n".join(each.as_bytes() for each in inner if isinstance(each, Message))
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _text(reading: _Reading, part: "Message[str, str]") -> str:
    data = _bytes(part)
    for charset in (part.get_content_charset() or "utf-8", "utf-8"):
        try:
            return data.decode(charset).replace("\r\n", "\n")
        except (LookupError, ValueError):
            continue
    reading.problems.append("A text is not in the character set that it says; it was read as Windows-1252.")
    return data.decode("cp1252", "replace").replace("\r\n", "\n")


def _file_name(reading: _Reading, part: "Message[str, str]") -> str | None:
    try:
        name = part.get_filename()
    except _unreadable:
        reading.problems.append("The name of an attachment could not be read.")
        return "attachment"
    if name is None:
        return None
    # A name only: nobody's path of folders may come with it.
    shown = reading.decoded(str(name)[:_longest_header], "of an attachment").replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in shown if letter.isprintable())[:200] or "attachment"


def _piece(piece: bytes | str, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    # Bytes of no named set come from headers that are not ASCII, against the rules.
    return piece.decode(charset or "utf-8", "strict" if charset else "replace")
