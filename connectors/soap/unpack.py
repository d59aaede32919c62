"""Makes one XML document of an answer as it came: parts back where they belong (MTOM), bytes in a known encoding."""

import codecs
import re
from base64 import b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64, a2b_qp
from collections.abc import Iterator
from email.message import Message
from typing import Any, Final
from urllib.parse import unquote

from lxml import etree

from cauce.xml import parse_xml
from connectors.soap.exchange import Attachment, Exchange

_include: Final = "{http://www.w3.org/2004/08/xop/include}Include"
_most_parts: Final = 1_000
_most_header_bytes: Final = 16_384
# Python knows codecs that are no text, and some that take for ever.
_texts: Final = re.compile(r"^(iso8859-\d+|cp125\d|utf-16(-[bl]e)?|shift_jis|gb18030|big5|euc_\w+)$")
_declared: Final = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*\bencoding\s*=")


class _BrokenError(Exception):
    """The parts of an answer do not hold together; the message says why."""


def unpack(exchange: Exchange, server: str) -> None:
    """Leave the envelope as the exchange's content, and what it does not refer to as its attachments."""
    kind = Message()
    kind["Content-Type"] = exchange.headers.get("Content-Type", "")
    if kind.get_content_type() == "multipart/related":
        try:
            _unpack_parts(exchange, kind)
        except _BrokenError as cause:
            raise exchange.unreadable(
                f"{server} answered with attachments that cannot be read: {cause}.",
                "Look at the answer with the people of that system; nothing of it was used.",
            ) from cause
    else:
        exchange.content = _as_declared(exchange.content, str(kind.get_param("charset") or ""))


def _as_declared(content: bytes, charset: str) -> bytes:
    """Return text of an encoding that only the HTTP header names as UTF-8; XML that says its own stays as it is."""
    try:
        codec = codecs.lookup(charset).name
        if not _texts.match(codec) or _declared.match(content) or content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            return content
        return content.decode(codec).encode()
    except (LookupError, ValueError):  # UnicodeError is one
        return content


def _unpack_parts(exchange: Exchange, kind: Any) -> None:  # noqa: ANN401 - a Message with parameters
    boundary = kind.get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise _BrokenError("it names no boundary between them")
    parts = list(_parts(exchange.content, boundary.encode()))
    if not parts:
        raise _BrokenError("there are none")
    start = str(kind.get_param("start") or "")
    root = next((part for part in parts if start and part.id == _bare(start)), parts[0])
    others = [part for part in parts if part is not root]
    exchange.content, exchange.attachments = _put_together(root.content, others)


def _parts(content: bytes, boundary: bytes) -> Iterator[Attachment]:
    """Yield the parts; exactly the bytes between the boundaries."""
    mark = b"\r\n--" + boundary
    pieces = (b"\r\n" + content).split(mark, _most_parts + 1)
    if len(pieces) > _most_parts + 1:
        raise _BrokenError(f"there are more than {_most_parts:,}")
    if not any(piece.startswith(b"--") for piece in pieces[1:]):
        raise _BrokenError("the last boundary is missing, so something was cut off")
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            return
        head, between, body = piece.partition(b"\r\n\r\n")
        if not between or len(head) > _most_header_bytes:
            raise _BrokenError("a part has no head")
        fields = Message()
        for line in head.decode("utf-8", "replace").split("\r\n"):
            name, colon, value = line.partition(":")
            if colon:
                fields[name.strip()] = value.strip()
        yield Attachment(_bare(fields.get("Content-ID", "")), fields.get_content_type(), _decoded(body, fields))


def _decoded(body: bytes, fields: Message) -> bytes:
    coding = fields.get("Content-Transfer-Encoding", "binary").lower()
    if coding in {"binary", "8bit", "7bit"}:
        return body
    try:
        if coding == "base64":
            return a2b_base64(body)
    except Base64Error:
        raise _BrokenError("a part is not the base64 that it says it is") from None
    if coding == "quoted-printable":
        return a2b_qp(body)
    raise _BrokenError("a part is encoded in a way that is not known")


def _put_together(envelope: bytes, parts: list[Attachment]) -> tuple[bytes, list[Attachment]]:
    """Put each included part where the envelope refers to it (XOP)."""
    if b"Include" not in envelope:
        return envelope, parts
    root = parse_xml(envelope)
    if root is None:
        return envelope, parts
    known = {part.id: part for part in parts}
    used: set[str] = set()
    for node in list(root.iter(_include)):
        part = known.get(unquote(node.get("href", "").removeprefix("cid:")))
        holder = node.getparent()
        if part is None or holder is None:
            raise _BrokenError("the envelope includes a part that did not come")
        if part.id in used:
            # One part included a thousand times over would be a bomb.
            raise _BrokenError("the envelope includes a part twice")
        used.add(part.id)
        holder.remove(node)
        holder.text = b64encode(part.content).decode()
    return etree.tostring(root, encoding="utf-8"), [part for part in parts if part.id not in used]


def _bare(content_id: str) -> str:
    return content_id.strip().removeprefix("<").removesuffix(">")
