"""Digest authentication, against a server that computes what it must be by the RFC."""

import hashlib
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from cauce.authentication import Authenticator
from cauce.errors import PermanentError
from cauce.http import HttpRequest

JSON = Any
POLICY: JSON = {"digest": {"username": "ana", "password": "open sesame"}}


@dataclass(slots=True)
class Guarded:
    """Lets in whoever proves to know the password; `challenge` is what it asks with."""

    address: str = ""
    challenge: str = 'Digest realm="erp", nonce="abc", qop="auth", algorithm=SHA-256, opaque="o"'
    bodies: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    elsewhere: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.text())
        header = request.headers.get("authorization", "")
        self.sent.append(header)
        if request.path == "/away":
            return web.Response(status=307, headers={"Location": self.elsewhere})
        if header.startswith("Digest ") and self._is_right(request, header):
            return web.json_response({"in": True})
        return web.Response(status=401, headers={"WWW-Authenticate": self.challenge})

    def _is_right(self, request: web.Request, header: str) -> bool:
        said: dict[str, str] = {
            name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', header)
        }
        name = "sha256" if "SHA-256" in self.challenge else "md5"

        def digest(text: str) -> str:
            return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()

        who, what = digest("ana:erp:open sesame"), digest(f"{request.method}:{request.path_qs}")
        middle = f"{said['nonce']}:{said['nc']}:{said['cnonce']}:{said['qop']}" if "qop" in said else said["nonce"]
        return said["uri"] == request.path_qs and said["response"] == digest(f"{who}:{middle}:{what}")


@pytest.fixture
async def guarded() -> AsyncIterator[Callable[[], Any]]:
    runners: list[web.AppRunner] = []

    async def another() -> Guarded:
        server = Guarded()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", server.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        runners.append(runner)
        server.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return server

    yield another
    for runner in runners:
        await runner.cleanup()


@pytest.mark.parametrize(
    "challenge",
    [
        'Digest realm="erp", nonce="abc", qop="auth", algorithm=SHA-256, opaque="o"',
        'Digest realm="erp", nonce="abc", qop="auth", algorithm=MD5',
        'Digest realm="erp", nonce="abc"',
    ],
)
async def test_challenge_is_answered(guarded: Callable[[], Any], authenticator: Authenticator, challenge: str) -> None:
    server = await guarded()
    server.challenge = challenge
    request = HttpRequest("POST", f"{server.address}/orders?a=b c", body={"n": 1}, timeout_s=5)
    response = await authenticator.send(request, POLICY)
    assert response.content() == {"in": True}
    assert server.bodies == ['{"n": 1}', '{"n": 1}']
    assert server.sent[0] == ""
    assert "open sesame" not in server.sent[1]


async def test_wrong_password_is_refused_after_one_try(
    guarded: Callable[[], Any], authenticator: Authenticator
) -> None:
    server = await guarded()
    policy = {"digest": {"username": "ana", "password": "guess"}}
    response = await authenticator.send(HttpRequest("GET", f"{server.address}/"), policy)
    assert response.status == 401
    assert len(server.sent) == 2


@pytest.mark.parametrize(
    "challenge", ['Digest realm="erp", nonce="a", algorithm=CRC', 'Digest realm="erp"', 'Digest nonce="", realm="x"']
)
async def test_challenge_that_cannot_be_answered_is_said(
    guarded: Callable[[], Any], authenticator: Authenticator, challenge: str
) -> None:
    server = await guarded()
    server.challenge = challenge
    with pytest.raises(PermanentError, match="a digest of a kind that cannot be made"):
        await authenticator.send(HttpRequest("POST", f"{server.address}/"), POLICY)


async def test_digest_does_not_follow_a_redirect_to_another_host(
    guarded: Callable[[], Any], authenticator: Authenticator
) -> None:
    first, second = await guarded(), await guarded()
    first.elsewhere = f"{second.address}/"
    request = HttpRequest("GET", f"{first.address}/away", max_redirects=2)
    assert (await authenticator.send(request, POLICY)).status == 401
    assert second.sent == [""]


async def test_name_that_a_digest_cannot_have(authenticator: Authenticator) -> None:
    with pytest.raises(PermanentError, match="not complete"):
        await authenticator.authorize({"digest": {"username": "a:b", "password": "c"}})
