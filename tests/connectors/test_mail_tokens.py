"""Logins of kind mail with tokens of an OAuth 2 provider, which here gives out t1, t2 and so on."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import ValidationError

from cauce.connector import Operation
from cauce.errors import LoginError, PermanentError, TransientError
from connectors import mail
from tests.connectors.mail_peers import PASSWORD, USER, Certificate, SmtpPeer, smtp_serving
from tests.connectors.matrix import OURS, shows

LETTER = {"to": "ana@example.com", "subject": "Hello", "text": "Hi."}
SEND = Operation("answer", "send", "write", timeout_s=10)


@pytest.fixture
async def login() -> AsyncIterator[dict[str, Any]]:
    given = 0

    async def token(_: web.Request) -> web.Response:
        nonlocal given
        given += 1
        return web.json_response({"access_token": f"t{given}", "expires_in": 600})

    provider = web.Application()
    provider.router.add_post("/oauth2/token", token)
    async with TestServer(provider) as server:
        client = {"id": "hub", "secret": "hush"}
        oauth2 = {"authority": str(server.make_url("")).rstrip("/"), "grant": "client_credentials", "client": client}
        yield {"host": "127.0.0.1", "username": USER, "oauth2": oauth2}


@shows("SMTP login with an OAuth 2 token (XOAUTH2)", "`aiosmtpd`", "mail")
async def test_mail_is_sent_with_a_token_that_is_renewed_when_it_is_refused(
    login: dict[str, Any], certificate: Certificate
) -> None:
    with smtp_serving(SmtpPeer(knows="t1"), certificate) as peer:
        smtp = {**login, "port": peer.port}
        settings = mail.Settings.model_validate(
            {"sender": "hub@example.com", "smtp": smtp, "ca_file": str(certificate.file)}
        )
        async with mail.Connector("post", settings) as post:
            await post.call(SEND, LETTER)
            await post.call(SEND, LETTER)
            peer.knows = "t2"
            await post.call(SEND, LETTER)
            assert len(peer.envelopes) == 3
            assert [probe.ok for probe in await post.check()] == [True, True, True]
            peer.knows = "none of them"
            with pytest.raises(LoginError):
                await post.call(SEND, LETTER)
    assert len(peer.envelopes) == 3
    assert "hush" not in repr(settings)


@shows("IMAP login with an OAuth 2 token (XOAUTH2)", OURS, "mail")
async def test_a_mailbox_is_read_with_a_token(login: dict[str, Any]) -> None:
    async with token_imap("t2") as port:
        settings = mail.Settings.model_validate({"imap": {**login, "port": port, "security": "none"}})
        async with mail.Connector("post", settings) as post:
            with pytest.raises(LoginError):
                await post.call(Operation("new-mail", "list", "read", timeout_s=10), {})
            answer = await post.call(Operation("new-mail", "list", "read", timeout_s=10), {})
    assert (answer["uidValidity"], answer["messages"]) == (7, [])


async def test_the_provider_is_not_followed_to_another_host(login: dict[str, Any]) -> None:
    elsewhere = {**login["oauth2"], "endpoints": {"token": "http://localhost:1/token"}}
    for allowed, kind in ([], PermanentError), (["localhost"], TransientError):
        settings = {"imap": {**login, "oauth2": elsewhere, "port": 1}, "allow_hosts": allowed}
        async with mail.Connector("post", mail.Settings.model_validate(settings)) as post:
            with pytest.raises(kind):
                await post.call(Operation("new-mail", "list", "read", timeout_s=10), {})


def test_a_login_has_one_proof() -> None:
    both = {"host": "h", "username": USER, "password": PASSWORD, "oauth2": {"authority": "https://id.example"}}
    for wrong in (both, {"host": "h", "username": USER}):
        with pytest.raises(ValidationError):
            mail.Settings.model_validate({"imap": wrong})


@asynccontextmanager
async def token_imap(token: str) -> AsyncIterator[int]:
    """A stand-in for an IMAP server that knows XOAUTH2 (pymap does not) and has an empty folder."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK [CAPABILITY IMAP4rev1] hello\r\n")
        while line := await reader.readline():
            tag, said = line.split()[0], b"OK done"
            if b"AUTHENTICATE XOAUTH2" in line:
                writer.write(b"+ \r\n")
                told = base64.b64decode(await reader.readline())
                said = said if told == f"user={USER}\1auth=Bearer {token}\1\1".encode() else b"NO no"
            elif b"CAPABILITY" in line:
                writer.write(b"* CAPABILITY IMAP4rev1\r\n")
            elif b"EXAMINE" in line:
                writer.write(b"* 0 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n")
            elif b"SEARCH" in line:
                writer.write(b"* SEARCH\r\n")
            elif b"LOGOUT" in line:
                writer.write(b"* BYE\r\n")
            writer.write(tag + b" " + said + b"\r\n")
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
