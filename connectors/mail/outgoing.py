"""Writes one message: headers, bodies, attachments, and the envelope it goes in."""

import re
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from typing import Final

from cauce.errors import PermanentError
from connectors.mail.addresses import parse, plain
from connectors.mail.params import Send
from connectors.mail.settings import Settings
from connectors.mail.threads import Threads

# Everything in seven bits: no server has to be asked whether it takes more. Lines are long enough for a Message-ID,
# which some programs do not find on the line below its name.
_policy: Final = policy.SMTP.clone(cte_type="7bit", max_line_length=200)
_lone_breaks = re.compile(r"\r\n?")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as bytes, from whom, and to whom; hidden recipients are only here."""

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    content: bytes


def write(settings: Settings, threads: Threads, send: Send, where: str) -> Letter:
    """Return the message; raises `PermanentError` for one with too many recipients or bytes."""
    sender = settings.sender or ""
    copies = [settings.smtp.copy_to] if settings.smtp and settings.smtp.copy_to else []
    everybody = dict.fromkeys(map(plain, (*send.to, *send.cc, *send.bcc)))
    if len(everybody) > settings.max_recipients:
        raise PermanentError(
            f"The message would go to {len(everybody)} addresses, and the connection allows {settings.max_recipients}.",
            hint="Send several messages, or raise settings.max_recipients.",
            where=where,
            remote_code="params",
        )
    # Before anything is encoded: base64 and headers only add to it.
    _fits(sum(len(each.data) for each in send.attachments) + _length(send.text) + _length(send.html), settings, where)
    message = EmailMessage(policy=_policy)
    message_id = threads.message_id(send.thread, send.key)
    _head(message, settings, threads, send, message_id)
    _body(message, send)
    content = message.as_bytes()
    _fits(len(content), settings, where)
    return Letter(message_id, plain(sender), tuple(dict.fromkeys((*everybody, *map(plain, copies)))), content)


def _head(message: EmailMessage, settings: Settings, threads: Threads, send: Send, message_id: str) -> None:
    message["From"] = parse(settings.sender or "")
    message["To"] = tuple(map(parse, send.to))
    if send.cc:
        message["Cc"] = tuple(map(parse, send.cc))
    message["Subject"] = threads.subject(send.subject, send.thread)
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = message_id
    answers = send.reply_to or settings.reply_to or settings.sender or ""
    if send.thread and settings.reply_tags and not send.reply_to:
        message["Reply-To"] = threads.answers_to(plain(answers), send.thread)
    elif answers != settings.sender:
        message["Reply-To"] = parse(answers)
    if send.in_reply_to:
        message["In-Reply-To"] = send.in_reply_to
    known = dict.fromkeys([*send.references, *([send.in_reply_to] if send.in_reply_to else [])])
    if known:
        message["References"] = " ".join(known)
    # Keeps holiday notices from answering a program (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"


def _body(message: EmailMessage, send: Send) -> None:
    if send.text is not None:
        message.set_content(_lone_breaks.sub("\n", send.text))
        if send.html is not None:
            message.add_alternative(_lone_breaks.sub("\n", send.html), subtype="html")
    else:
        message.set_content(_lone_breaks.sub("\n", send.html or ""), subtype="html")
    for each in send.attachments:
        main, _, sub = each.type.partition("/")
        message.add_attachment(each.data, maintype=main, subtype=sub, filename=each.name)


def _length(text: str | None) -> int:
    return len(text.encode()) if text else 0


def _fits(size: int, settings: Settings, where: str) -> None:
    if size > settings.max_bytes:
        raise PermanentError(
            f"The message has {size} bytes, and the connection allows {settings.max_bytes}.",
            hint="Send less, or raise settings.max_bytes; many servers take no more than 10 MB.",
            where=where,
            remote_code="too-large",
        )
