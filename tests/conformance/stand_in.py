"""An HTTP server that answers as a case says, and remembers what it was asked."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

JSON = Any


@dataclass(slots=True)
class StandIn:
    """One server for all cases; each has its own first step of the path."""

    address: str = ""
    answers: dict[str, dict[str, list[Mapping[str, JSON]]]] = field(default_factory=dict)
    received: dict[str, list[dict[str, JSON]]] = field(default_factory=dict)
    running: str = ""

    def prepare(self, case: str, answers: Mapping[str, list[Mapping[str, JSON]]]) -> str:
        """Answer for a case from now on; returns its address."""
        self.answers[case] = {place: list(several) for place, several in answers.items()}
        self.received[case] = []
        self.running = case
        return f"{self.address}/{case}"

    def _case(self, request: web.Request) -> tuple[str, str]:
        """Return whose request it is, and for what; one to another host is for the case that answers for it."""
        if not self.address.endswith(request.host):
            place = f"//{request.host}{request.rel_url.raw_path}"
            # What a case that is over still asks for must not be taken for a request of the one that runs.
            asked = f"{request.method} {place}"
            whose = [case for case in (self.running, *self.answers) if asked in self.answers.get(case, {})]
            return (whose or [self.running])[0], place
        _, case, rest = request.rel_url.raw_path.split("/", 2)
        return case, f"/{rest}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        case, rest = self._case(request)
        text = await request.text()
        is_json = request.content_type.endswith("json")
        self.received[case].append(
            {
                "method": request.method,
                "path": rest,
                "query": {key: request.query.getall(key) for key in request.query},
                "headers": {key.lower(): value for key, value in request.headers.items()},
                "body": json.loads(text) if is_json and text else text or None,
            }
        )
        several = self.answers[case].get(f"{request.method} {rest}")
        if several is None:
            return web.Response(status=404)
        given = several.pop(0) if len(several) > 1 else several[0]
        await asyncio.sleep(given.get("delay", 0))
        headers = {
            key: str(value).replace("http://stand-in", f"{self.address}/{case}")
            for key, value in given.get("headers", {}).items()
        }
        if "messages" in given:
            return await _talk(request, given["messages"])
        if "body" in given:
            return web.json_response(given["body"], status=given.get("status", 200), headers=headers)
        return web.Response(text=given.get("text"), status=given.get("status", 200), headers=headers)


async def _talk(request: web.Request, messages: list[JSON]) -> web.StreamResponse:
    """Say these over a WebSocket, and listen until the other side closes."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    for message in messages:
        await socket.send_json(message)
    async for _ in socket:
        pass
    return socket


@asynccontextmanager
async def standing_in() -> AsyncIterator[StandIn]:
    """Run the server on a free port of loopback."""
    stand_in = StandIn()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", stand_in.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None  # noqa: SLF001 (the only way to the port of port 0)
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]  # noqa: SLF001 - the only way to the port
    stand_in.address = f"http://127.0.0.1:{port}"
    try:
        yield stand_in
    finally:
        await runner.cleanup()
