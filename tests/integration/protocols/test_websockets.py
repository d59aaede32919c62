"""`call: asyncapi` over WebSocket, with a server that does what a test says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import WSCloseCode, web
from temporalio.testing import ActivityEnvironment

from activities import websockets
from activities.asyncapi import AsyncApiActivities
from cauce import http
from cauce.authentication import Authenticator
from cauce.contract import ProtocolCall
from cauce.http import Policy, close_sessions
from cauce.secrets import Resolver
from tests.integration.protocols.conftest import Scripted, carried_out, problem
from tests.servers.processes import free_port

JSON = Any
Talk = Callable[[web.WebSocketResponse], Awaitable[object]]


@dataclass(slots=True)
class Talking:
    """A server whose next connection goes as the next talk says; the last one is repeated."""

    port: int = 0
    talks: list[Talk] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    logins: list[str | None] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.logins.append(request.headers.get("Authorization"))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        talk = self.talks.pop(0) if len(self.talks) > 1 else self.talks[0]
        await talk(socket)
        async for message in socket:
            self.heard.append(message.data)
        return socket


@pytest.fixture
async def talking() -> AsyncIterator[Talking]:
    server = Talking()
    app = web.Application()
    app.router.add_get("/box", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.port = runner.addresses[0][1]
    yield server
    await close_sessions()
    await runner.cleanup()


@pytest.fixture
def asyncapi(resolver: Resolver) -> AsyncApiActivities:
    return AsyncApiActivities(resolver, Authenticator(Policy()))


def says(*texts: str | bytes) -> Talk:
    async def talk(socket: web.WebSocketResponse) -> None:
        for text in texts:
            await (socket.send_str(text) if isinstance(text, str) else socket.send_bytes(text))

    return talk


def closes(code: int, *texts: str) -> Talk:
    async def talk(socket: web.WebSocketResponse) -> None:
        await says(*texts)(socket)
        await socket.close(code=code)

    return talk


async def breaks_off(socket: web.WebSocketResponse) -> None:
    assert socket._req is not None  # noqa: SLF001 - the only way to end a connection without a word
    assert socket._req.transport is not None  # noqa: SLF001 - aiohttp cannot be rude
    socket._req.transport.abort()  # noqa: SLF001 - aiohttp cannot be rude


def call(action: str, port: int, **more: JSON) -> ProtocolCall:
    where = {"protocol": "ws", "host": "127.0.0.1", "port": port, "tls": False, "address": "/box"}
    channel = {**where, "bindings": more.pop("bindings", {})}
    given = {"channel": channel, "action": action, "authentication": more.pop("login", None)}
    if action == "publish":
        given["message"] = more.pop("message", {"payload": {"n": 1}})
    else:
        given |= {"window_s": more.pop("window_s", 5.0), "session": "s"}
    return ProtocolCall("asyncapi", given, lasts=True, **more)


async def test_message_is_published_with_a_login(asyncapi: AsyncApiActivities, talking: Talking) -> None:
    talking.talks = [says()]
    message = {"payload": {"n": "\u2068secret:token:n\u2069"}}
    login = {"bearer": {"token": "\u2068secret:token:n\u2069"}}
    made = call("publish", talking.port, message=message, login=login, secrets=["token"], nonce="n")
    assert (await carried_out(asyncapi.call_asyncapi, made)).output == message
    assert (talking.heard, talking.logins) == (['{"n": "tok-8f3a"}'], ["Bearer tok-8f3a"])


async def test_messages_that_come_together(asyncapi: AsyncApiActivities, talking: Talking) -> None:
    talking.talks = [says('{"n": 1}', "text", b"\xff\xfe", "[" * 100_000)]
    outcome = await carried_out(asyncapi.call_asyncapi, call("receive", talking.port))
    expected = [{"n": 1}, "text", "//4=", "[" * 100_000]
    assert outcome.output == [{"payload": payload, "headers": {}} for payload in expected]


async def test_no_more_are_taken_than_can_be_recorded(asyncapi: AsyncApiActivities, talking: Talking) -> None:
    talking.talks = [says(*["1"] * 150), says(*["x" * 300_000] * 3)]
    counts = [len((await carried_out(asyncapi.call_asyncapi, call("receive", talking.port))).output) for _ in range(2)]
    assert counts == [100, 2]


async def test_server_that_closes_is_connected_to_again(asyncapi: AsyncApiActivities, talking: Talking) -> None:
    talking.talks = [closes(WSCloseCode.OK), closes(WSCloseCode.GOING_AWAY, "1")]
    outcome = await carried_out(asyncapi.call_asyncapi, call("receive", talking.port))
    assert [each["payload"] for each in outcome.output] == [1]
    talking.talks = [closes(WSCloseCode.OK)]
    outcome = await carried_out(asyncapi.call_asyncapi, call("receive", talking.port, window_s=0.2))
    assert outcome.output == []


@pytest.mark.parametrize(
    ("talk", "status"),
    [
        (says("x" * 500_001), 502),
        (closes(WSCloseCode.POLICY_VIOLATION), 502),
        (closes(WSCloseCode.INTERNAL_ERROR), 503),
        (breaks_off, 503),
    ],
    ids=["too large", "refused", "failed", "broke off"],
)
async def test_hostile_talks(asyncapi: AsyncApiActivities, talking: Talking, talk: Talk, status: int) -> None:
    talking.talks = [talk]
    outcome = await carried_out(asyncapi.call_asyncapi, call("receive", talking.port))
    assert problem(outcome) == ("communication", status)


async def test_what_came_before_a_failure_is_not_lost(asyncapi: AsyncApiActivities, talking: Talking) -> None:
    talking.talks = [closes(WSCloseCode.INTERNAL_ERROR, "1")]
    outcome = await carried_out(asyncapi.call_asyncapi, call("receive", talking.port))
    assert [each["payload"] for each in outcome.output] == [1]


@pytest.mark.parametrize(
    ("talk", "says"),
    [(closes(WSCloseCode.MESSAGE_TOO_BIG), "did not take"), (breaks_off, "broke off")],
    ids=["refused", "nobody knows"],
)
async def test_publishing_that_is_not_confirmed(
    asyncapi: AsyncApiActivities, talking: Talking, talk: Talk, says: str
) -> None:
    talking.talks = [talk]
    outcome = await carried_out(asyncapi.call_asyncapi, call("publish", talking.port))
    assert problem(outcome)[0] == "communication"
    assert says in outcome.error["detail"]


@pytest.mark.parametrize(
    "more",
    [
        {"message": {"payload": 1, "headers": {"a": "b"}}},
        {"bindings": {"method": "POST"}},
        {"login": {"digest": {"username": "u", "password": "p"}}},
    ],
    ids=["headers", "method", "digest"],
)
async def test_what_a_websocket_cannot_do(asyncapi: AsyncApiActivities, talking: Talking, more: JSON) -> None:
    talking.talks = [says()]
    outcome = await carried_out(asyncapi.call_asyncapi, call("publish", talking.port, **more))
    assert problem(outcome) == ("communication", 502)
    assert talking.logins == []


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (web.Response(status=401), 401),
        (web.Response(status=503), 503),
        (web.Response(text="hola"), 502),
        (web.Response(status=302, headers={"Location": "/elsewhere"}), 302),
    ],
    ids=["login", "busy", "no websocket", "redirect"],
)
async def test_server_that_does_not_open(
    asyncapi: AsyncApiActivities, scripted: Scripted, answer: web.Response, status: int
) -> None:
    scripted.answers = [answer]
    port = int(scripted.address.rpartition(":")[2])
    outcome = await carried_out(asyncapi.call_asyncapi, call("receive", port))
    assert problem(outcome) == ("communication", status if status in range(400, 600) else 502)
    assert len(scripted.asked) == 1


async def test_kept_token_that_is_refused_is_fetched_anew(asyncapi: AsyncApiActivities, scripted: Scripted) -> None:
    tokens = [web.json_response({"access_token": f"t{n}", "token_type": "Bearer", "expires_in": 600}) for n in (1, 2)]
    refused = [web.Response(status=401) for _ in range(3)]
    scripted.answers = [tokens[0], refused[0], refused[1], tokens[1], refused[2]]
    client = {"id": "c", "secret": "s"}
    how = {"authority": scripted.address, "grant": "client_credentials", "request": {"encoding": "application/json"}}
    login = {"oauth2": {**how, "client": client}}
    port = int(scripted.address.rpartition(":")[2])
    for _ in range(2):
        outcome = await carried_out(asyncapi.call_asyncapi, call("receive", port, login=login))
        assert problem(outcome) == ("communication", 401)
    used = [each["headers"].get("authorization") for each in scripted.asked if each["path"] == "/box"]
    assert used == ["Bearer t1", "Bearer t1", "Bearer t2"]


async def test_document_says_where_the_correlation_is(asyncapi: AsyncApiActivities, talking: Talking) -> None:
    talking.talks = [says('{"meta": {"a/b": "c-1"}}', '{"meta": 1}', "text")]
    made = call("receive", talking.port)
    made.arguments["channel"]["correlation"] = "/meta/a~1b"
    outcome = await carried_out(asyncapi.call_asyncapi, made)
    assert [each.get("correlationId") for each in outcome.output] == ["c-1", None, None]


async def test_server_that_is_not_there(asyncapi: AsyncApiActivities) -> None:
    outcome = await carried_out(asyncapi.call_asyncapi, call("publish", free_port()))
    assert problem(outcome) == ("communication", 503)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_private_address_where_the_environment_forbids_those(
    resolver: Resolver, talking: Talking, host: str
) -> None:
    talking.talks = [says()]
    guarded = AsyncApiActivities(resolver, Authenticator(Policy(private=False)))
    made = call("publish", talking.port)
    made.arguments["channel"]["host"] = host
    outcome = await carried_out(guarded.call_asyncapi, made)
    assert outcome.error["remoteCode"] == "forbidden-address"
    assert talking.logins == []


async def test_handshake_has_a_limit(
    asyncapi: AsyncApiActivities, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_connect_timeout_s", 0.2)
    scripted.answers = [0.5]
    port = int(scripted.address.rpartition(":")[2])
    outcome = await carried_out(asyncapi.call_asyncapi, call("receive", port))
    assert problem(outcome) == ("communication", 503)


async def test_server_that_never_stops_talking_is_left(
    asyncapi: AsyncApiActivities, talking: Talking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "_close_timeout_s", 0.2)
    monkeypatch.setattr(websockets, "_TOGETHER_S", 0.2)

    async def chatter(socket: web.WebSocketResponse) -> None:
        while True:
            await socket.send_str("1")
            await asyncio.sleep(0.05)

    talking.talks = [chatter]
    outcome = await asyncio.wait_for(carried_out(asyncapi.call_asyncapi, call("receive", talking.port)), 3)
    assert outcome.output


async def test_nothing_came_in_time_for_the_call(asyncapi: AsyncApiActivities, talking: Talking) -> None:
    talking.talks = [says()]
    made = call("receive", talking.port, timeout_s=0.3)
    assert problem(await carried_out(asyncapi.call_asyncapi, made)) == ("timeout", 408)


async def test_cancelling_closes_the_connection(asyncapi: AsyncApiActivities, talking: Talking) -> None:
    talking.talks = [says()]
    environment = ActivityEnvironment()
    work = asyncio.create_task(environment.run(asyncapi.call_asyncapi, call("receive", talking.port, window_s=60.0)))
    await asyncio.sleep(0.3)
    environment.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(work, 5)
    assert len(talking.logins) == 1
