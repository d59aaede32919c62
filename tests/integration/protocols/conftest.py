"""What the calls of all protocols are tried with: an activity's surroundings, and a server that answers anything."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web
from temporalio.testing import ActivityEnvironment

from cauce.contract import Outcome, ProtocolCall
from cauce.http import close_sessions
from cauce.secrets import Resolver
from tests.servers.processes import free_port, running

JSON = Any
STANDARD: Final = "https://serverlessworkflow.io/spec/1.0.0/errors/"


@dataclass(slots=True)
class Scripted:
    """An HTTP server that says what a test gives it, and keeps what it was asked."""

    address: str
    answers: list[web.Response | float] = field(default_factory=list)
    asked: list[dict[str, JSON]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.json() if request.can_read_body else None
        self.asked.append({"method": request.method, "path": request.path, "headers": headers, "body": body})
        if not self.answers:
            return web.Response(status=410)
        given = self.answers.pop(0)
        if isinstance(given, float):
            await asyncio.sleep(given)
            return web.Response(status=204)
        return given


@pytest.fixture
async def scripted() -> AsyncIterator[Scripted]:
    """Run such a server."""
    server = Scripted("")
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await close_sessions()
    await runner.cleanup()


@pytest.fixture
def resolver(tmp_path: Path) -> Resolver:
    """Return a resolver that knows one secret."""
    (tmp_path / "token").write_text("tok-8f3a", encoding="ascii")
    return Resolver(tmp_path, tmp_path / "settings.json", {})


async def carried_out(activity: Callable[[ProtocolCall], Awaitable[Outcome]], call: ProtocolCall) -> Outcome:
    """Run an activity as a worker would."""
    outcome: Outcome = await ActivityEnvironment().run(activity, call)
    return outcome


def problem(outcome: Outcome) -> tuple[str, int]:
    """Return the standard's name of an outcome's error, and its status."""
    assert outcome.error is not None, outcome
    return outcome.error["type"].removeprefix(STANDARD), outcome.error["status"]


@contextmanager
def program_serving(script: str, log: Path) -> Iterator[str]:
    """Run a server of this folder on a free port; gives out its address."""
    port = free_port()

    def ready() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    with running([sys.executable, Path(__file__).parent / script, str(port)], log=log, ready=ready):
        yield f"http://127.0.0.1:{port}"
