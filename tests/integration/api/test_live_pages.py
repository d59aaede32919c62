"""The stream of an open page as a browser gets it: over ASGI itself, as the client of the tests waits for the end."""

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.pages import events
from api.server import Server
from cauce.services import tasks, users
from cauce.services.hub import Hub
from cauce.services.teamwork.live import Live
from cauce.store import tasks as rows
from tests.integration.api.conftest import Browser

free = "00000000-0000-5000-8000-000000000001"


class Stream:
    """A stream that is read while it goes on."""

    def __init__(self) -> None:
        self.begun: MutableMapping[str, Any] = {}
        self.texts: asyncio.Queue[str] = asyncio.Queue()
        self.left = asyncio.Event()
        self.asked = False

    async def receive(self) -> dict[str, Any]:
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.begun = message
        else:
            self.texts.put_nowait(message["body"].decode())

    async def until(self, kind: str) -> dict[str, Any]:
        """Return what the next event of a kind says."""
        async with asyncio.timeout(30):
            while not (text := await self.texts.get()).startswith(f"event: {kind}\n"):
                pass
        said: dict[str, Any] = json.loads(text.partition("data: ")[2])
        return said


@asynccontextmanager
async def listening(app: FastAPI, client: httpx.AsyncClient) -> AsyncIterator[tuple[Stream, asyncio.Task[None]]]:
    stream = Stream()
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    headers = [(b"host", b"cauce.test"), (b"cookie", cookies.encode()), (b"accept-encoding", b"gzip")]
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
    }
    scope |= {"path": "/events", "raw_path": b"/events", "query_string": b"", "headers": headers, "scheme": "http"}
    scope |= {"server": ("cauce.test", 80), "client": ("127.0.0.1", 1), "root_path": ""}
    answering = asyncio.create_task(app(scope, stream.receive, stream.send))
    try:
        yield stream, answering
    finally:
        stream.left.set()
        await answering


@pytest.fixture
async def live(app: FastAPI, hub: Hub) -> AsyncIterator[Live]:
    made = app.state.live = Live(hub, every_s=0.01)
    yield made
    await made.close()


async def test_a_page_gets_counts_and_what_others_do_in_its_language(
    app: FastAPI, ana: Browser, hub: Hub, live: Live
) -> None:
    ana.client.cookies.set("cauce-language", "es")
    async with listening(app, ana.client) as (stream, _):
        assert await stream.until("counts") == {"open": 7, "unread": 0}
        headers = dict(stream.begun["headers"])
        assert headers[b"content-type"].startswith(b"text/event-stream")
        assert headers[b"cache-control"] == b"no-store"
        assert b"content-encoding" not in headers
        assert b"content-length" not in headers
        async with hub.store.transaction() as db:
            row = await rows.find_task(db, free)
            assert row is not None
            row.claimed_by, row.state = None, "open"
        await tasks.claim(hub, await users.actor_of(hub, "luis"), free)
        assert await stream.until("taken") == {
            "task": free,
            "title": "Aprobar el descuento: Hermanos Quiroga e Hijos",
            "by": "luis",
        }


async def test_a_stream_ends_when_its_person_is_not_let_in_any_more(
    app: FastAPI, ana: Browser, hub: Hub, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "heartbeat_s", 0.05)
    admin = await users.actor_of(hub, "admin")
    async with listening(app, ana.client) as (stream, answering):
        await stream.until("counts")
        async with asyncio.timeout(30):
            while await stream.texts.get() != ": nothing new\n\n":
                pass
            await users.change_user(hub, admin, "ana", active=False)
            await answering


async def test_streams_end_with_the_server_and_are_refused_from_then_on(app: FastAPI, ana: Browser, live: Live) -> None:
    uvicorn = pytest.importorskip("uvicorn")
    server = Server(app, uvicorn.Config(app))
    async with listening(app, ana.client) as (stream, answering):
        await stream.until("counts")
        server.handle_exit(15, None)
        async with asyncio.timeout(30):
            await answering
    assert server.should_exit
    assert (await ana.get("/events")).status_code == 503


async def test_a_stream_lasts_so_long_and_a_page_that_is_closed_leaves_room(
    app: FastAPI, ana: Browser, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(10):
        async with listening(app, ana.client) as (stream, _):
            await stream.until("counts")
    monkeypatch.setattr(events, "longest_s", 0.0)
    assert (await ana.get("/events")).text == "retry: 5000\n\n"


async def test_pages_have_the_keys_and_the_place_where_news_are_told(ana: Browser) -> None:
    page = (await ana.get("/inbox", headers={"accept-language": "es"})).text
    assert 'aria-live="polite"' in page
    assert 'data-taken="{by} ha tomado: {title}"' in page
    assert '<dialog class="keys" id="keys"' in page
    assert "<kbd>g</kbd> <kbd>i</kbd></dt><dd>Bandeja</dd>" in page
