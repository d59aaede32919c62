"""A provider of our own, for everything that a proper one does not do."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from cauce.authentication import Authenticator
from cauce.http import HttpRequest, Policy, close_sessions

JSON = Any
LOGIN: JSON = {"grant": "client_credentials", "client": {"id": "hub", "secret": "cl1ent-s3cret"}}


@dataclass(slots=True)
class Fake:
    """Answers requests for tokens and for `/api`; a test sets what, and reads what was asked."""

    address: str = ""
    token: Callable[[dict[str, list[str]]], web.StreamResponse] = field(
        default=lambda _: web.json_response({"access_token": "t1", "expires_in": 600})
    )
    api: Callable[[str], int] = field(default=lambda _: 200)
    discovery: JSON = None
    introspection: JSON = None
    delay_s: float = 0
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        if request.path == "/.well-known/openid-configuration":
            return web.json_response(self.discovery, status=200 if self.discovery else 404)
        if request.path.endswith("/introspect"):
            return web.json_response(self.introspection)
        if request.path.startswith("/api"):
            self.seen.append(request.headers.get("authorization", ""))
            return web.json_response({"path": request.path}, status=self.api(self.seen[-1]))
        await asyncio.sleep(self.delay_s)
        text = await request.text()
        self.asked.append(json.loads(text) if "json" in request.content_type else parse_qs(text))
        return self.token(self.asked[-1])

    def policy(self, scheme: str = "oauth2", **more: JSON) -> JSON:
        return {scheme: {"authority": self.address, **LOGIN, **more}}


@pytest.fixture
async def fake() -> AsyncIterator[Fake]:
    provider = Fake()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", provider.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    provider.address = site.name.rstrip("/") if not site.name.endswith(":0") else f"http://127.0.0.1:{_port(runner)}"
    yield provider
    await runner.cleanup()


def _port(runner: web.AppRunner) -> int:
    return int(runner.addresses[0][1])


@pytest.fixture
async def authenticator() -> AsyncIterator[Authenticator]:
    yield Authenticator(Policy())
    await close_sessions()


def get(url: str, method: str = "GET") -> HttpRequest:
    return HttpRequest(method, url, timeout_s=5)
