"""The demo company's mail: an SMTP server that takes what is sent, and an IMAP server with the company's mailbox.

Everything that goes through it is kept as a file that mail programs open (`.eml`), in a folder for each address. Mail
for the company comes from anybody and lies in its mailbox; mail to others goes out for the hub alone, and a copy of it
lies in the folder `Sent` of that mailbox, as large providers do it.
"""

import asyncio
import hmac
import logging
import re
import smtplib
from argparse import Namespace
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Final, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import Config, Login
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import MailboxData, MailboxSet
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pymap.user import Passwords, UserMetadata
from pysasl.hashing import BuiltinHash

from demo.people import DOMAIN

COMPLAINTS: Final = f"reclamaciones@{DOMAIN}"
_SAFE: Final = re.compile(r"[^a-z0-9@._+-]+")
# It tells of each login that a name of its next version is not used yet.
logging.getLogger("mail.log").setLevel(logging.ERROR)


@dataclass(slots=True)
class Post:
    """The mail of the company while it runs; `folder` has what went through it."""

    folder: Path
    password: str = field(repr=False)
    smtp_port: int = 0
    imap_port: int = 0
    _mailboxes: MailboxSet = field(default_factory=MailboxSet)
    _count: int = 0

    @classmethod
    @asynccontextmanager
    async def start(cls, folder: Path, password: str) -> AsyncIterator[Self]:
        """Start both servers on ports that are free; they end with the block."""
        post = cls(folder, password)
        post._count = await asyncio.to_thread(_kept, folder)
        await post._mailboxes.add_mailbox("Sent")
        talk = await post._imap()
        loop = asyncio.get_running_loop()
        imap = await asyncio.start_server(talk, "127.0.0.1", 0)
        smtp = await loop.create_server(post._smtp, "127.0.0.1", 0)
        async with imap, smtp:
            post.imap_port, post.smtp_port = (each.sockets[0].getsockname()[1] for each in (imap, smtp))
            yield post

    def sent(self) -> list[Path]:
        """Return the mails that went out, the oldest first."""
        inside = self.folder / COMPLAINTS
        return sorted(
            (each for each in self.folder.glob("*/*.eml") if each.parent != inside), key=lambda each: each.name
        )

    def received(self) -> list[Path]:
        """Return the mails that came to the company, the oldest first."""
        return sorted((self.folder / COMPLAINTS).glob("*.eml"))

    def to(self, address: str) -> list[EmailMessage]:
        """Return the mails to one address, the oldest first."""
        files = sorted((self.folder / _SAFE.sub("_", address.lower())).glob("*.eml"))
        return [message_from_bytes(each.read_bytes(), policy=policy.default) for each in files]

    async def deliver(self, message: EmailMessage) -> None:
        """Hand over a mail as somebody outside does."""

        def send() -> None:
            with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=10) as server:
                server.send_message(message)

        await asyncio.to_thread(send)

    async def handle_RCPT(  # noqa: N802 - the library calls it so
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take mail for the company from anybody, and mail for others from the hub."""
        if not address.lower().endswith(f"@{DOMAIN}") and not session.authenticated:
            return "554 5.7.1 Relaying denied"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        """Keep a mail as a file for each address, and in the mailbox."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        self._count += 1
        for address in envelope.rcpt_tos:
            place = self.folder / _SAFE.sub("_", address.lower())
            await asyncio.to_thread(_keep, place, f"{self._count:06d}.eml", content)
            if place.name == COMPLAINTS:
                await self._append("INBOX", content)
        if session.authenticated:
            await self._append("Sent", content)
        return "250 OK"

    async def _append(self, name: str, content: bytes) -> None:
        box: MailboxData = await self._mailboxes.get_mailbox(name)
        await box.append(AppendMessage(content), recent=True)

    def _smtp(self) -> SMTP:
        # Nobody else is on this machine's loopback, so there is no TLS.
        return SMTP(self, hostname="mail.example", authenticator=self._log_in, auth_require_tls=False)

    def _log_in(self, *about: object) -> AuthResult:
        given = about[-1]
        good = isinstance(given, LoginPassword) and given.login == COMPLAINTS.encode()
        same = isinstance(given, LoginPassword) and hmac.compare_digest(given.password, self.password.encode())
        return AuthResult(success=good and same, handled=False)

    async def _imap(self) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        """Return what talks to whoever reads the mailbox."""
        given = Namespace(
            host="127.0.0.1", port=0, debug=False, cert=None, key=None, tls=False, passlib_cfg=None,
            proxy_protocol=None, demo_data=False, demo_user=COMPLAINTS, demo_password=self.password,
        )  # fmt: skip
        # It is asked several times a minute, and guards a password that stands beside it.
        config = _Config.from_args(given, hash_context=BuiltinHash(rounds=1))
        config.apply_context()
        login = Login(config)
        proof = await Passwords(config).hash_password(self.password)
        await login.demo_user_identity.set(UserMetadata(config, COMPLAINTS, password=proof))
        config.set_cache[COMPLAINTS] = (self._mailboxes, FilterSet())
        return ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(login, config))


class _Config(Config):
    @property
    def greeting(self) -> bytes:
        # Its own asks the network for this machine's name, which can take long where there is none.
        return b"Server ready"


def _kept(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    return len(list(folder.glob("*/*.eml")))


def _keep(place: Path, name: str, content: bytes) -> None:
    place.mkdir(exist_ok=True)
    (place / name).write_bytes(content)
