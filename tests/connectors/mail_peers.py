"""Real servers of mail on loopback: aiosmtpd takes messages, pymap keeps mailboxes; each has a thread of its own."""

import asyncio
import base64
import ssl
import subprocess
import threading
from argparse import Namespace
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from imapclient import IMAPClient
from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import DictBackend
from pymap.imap import IMAPServer
from pysasl.hashing import BuiltinHash

from tests.servers.processes import free_port

USER, PASSWORD = "hub@example.com", "t0p s3cret"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate for 127.0.0.1 that its owner signed."""

    file: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context


def make_certificate(folder: Path) -> Certificate:
    made = Certificate(folder / "mail.pem", folder / "mail.key")
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(made.key), "-out", str(made.file)]
    subprocess.run(["openssl", "req", "-x509", *kind, *names, *files], check=True, capture_output=True)
    return made


@dataclass
class SmtpPeer:
    """Keeps what it was sent, and answers as a test tells it to."""

    port: int = 0
    envelopes: list[Envelope] = field(default_factory=list)
    rcpt: Callable[[str], str] = lambda _: "250 OK"
    data: Callable[[], str] = lambda: "250 OK"
    knows: str = ""

    @property
    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(each.content or b"", policy=policy.default) for each in self.envelopes]  # type: ignore[arg-type]  # bytes here

    def forget(self) -> None:
        self.envelopes.clear()
        self.rcpt, self.data = lambda _: "250 OK", lambda: "250 OK"

    async def handle_RCPT(self, *about: Any) -> str:
        _, _, envelope, address, _ = about
        said = self.rcpt(address)
        if said.startswith("250"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        said = self.data()
        if said == "hang up":
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        elif said.startswith("250"):
            self.envelopes.append(envelope)
        return said

    async def auth_XOAUTH2(self, _server: SMTP, arguments: list[str]) -> AuthResult:
        good = base64.b64decode(arguments[1]) == f"user={USER}\1auth=Bearer {self.knows}\1\1".encode()
        return AuthResult(success=good, handled=False)

    def authenticate(self, *about: Any) -> AuthResult:
        given = about[-1]
        assert isinstance(given, LoginPassword)
        good = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=good, handled=False)


@contextmanager
def smtp_serving(peer: SmtpPeer, certificate: Certificate | None) -> Iterator[SmtpPeer]:
    login: dict[str, Any] = {}
    if certificate:
        login = {
            "tls_context": certificate.context(),
            "require_starttls": True,
            "auth_required": True,
            "authenticator": peer.authenticate,
        }
    peer.port = free_port()
    controller = Controller(peer, "127.0.0.1", peer.port, **login)
    controller.start()
    try:
        yield peer
    finally:
        controller.stop()


@asynccontextmanager
async def scripted(reply: bytes, *, data: bytes | None = None, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that greets, and says the same to every line (but to DATA); the port."""
    over = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply.replace(b"250", b"220"))
        lines = 0
        while (line := await reader.readline()) and not over.is_set():
            lines += 1
            if data is not None and line == b"DATA\r\n":
                writer.write(data)
                await over.wait()
            else:
                writer.write(reply)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        over.set()
        server.close()


@contextmanager
def imap_serving(certificate: Certificate) -> Iterator[tuple[int, int]]:
    """Run pymap with an empty mailbox; returns its port, and the one where TLS comes first."""
    port, secure_port, ready, over = free_port(), free_port(), threading.Event(), asyncio.Event()
    arguments = Namespace(
        host="127.0.0.1", port=port, debug=False, cert=str(certificate.file), key=str(certificate.key), tls=True,
        demo_data=False, demo_user=USER, demo_password=PASSWORD, passlib_cfg=None, proxy_protocol=None,
    )  # fmt: skip

    async def serve() -> None:
        # Weak on purpose: most of a test's time would go into the password.
        backend, config = await DictBackend.init(arguments, hash_context=BuiltinHash(rounds=1))
        config.apply_context()
        took = ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(backend.login, config))
        plain = await asyncio.start_server(took, "127.0.0.1", port)
        secure = await asyncio.start_server(took, "127.0.0.1", secure_port, ssl=certificate.context())
        async with plain, secure:
            ready.set()
            await over.wait()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield port, secure_port
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()


def mailbox(port: int, certificate: Certificate) -> Any:
    """Log in as somebody's mail program, to look at the mailbox and to put messages into it."""
    client = IMAPClient("127.0.0.1", port, ssl=False, timeout=10)
    client.starttls(ssl.create_default_context(cafile=str(certificate.file)))
    client.login(USER, PASSWORD)
    return client
