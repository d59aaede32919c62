"""`call: asyncapi` over HTTP and with a real broker of MQTT."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import aiomqtt
import pytest
from aiohttp import web
from temporalio.testing import ActivityEnvironment

from activities.asyncapi import AsyncApiActivities
from cauce.authentication import Authenticator
from cauce.contract import ProtocolCall
from cauce.http import Policy
from cauce.secrets import Resolver
from tests.conftest import Require
from tests.integration.protocols.conftest import Scripted, carried_out, problem
from tests.servers import mosquitto
from tests.servers.processes import free_port
from tools.native_packages import mosquitto_program

JSON = Any


@pytest.fixture(scope="session")
def broker(require: Require) -> Iterator[tuple[int, int]]:
    program = mosquitto_program()
    if program is None:
        require("mosquitto", "there is no program `mosquitto`; `make setup` brings it")
    with mosquitto.started(program) as ports:
        yield ports


@pytest.fixture
def asyncapi(resolver: Resolver) -> AsyncApiActivities:
    return AsyncApiActivities(resolver, Authenticator(Policy()))


def call(action: str, port: int, protocol: str = "http", **more: JSON) -> ProtocolCall:
    channel = {
        "protocol": protocol,
        "host": "127.0.0.1",
        "port": port,
        "tls": False,
        "address": more.pop("address", "/box" if protocol == "http" else "box"),
        "bindings": more.pop("bindings", {}),
    }
    given = {"channel": channel, "action": action, "authentication": more.pop("login", None)}
    if action == "publish":
        given["message"] = more.pop("message", {"payload": {"n": 1}})
    else:
        given |= {"window_s": more.pop("window_s", 3.0), "session": more.pop("session", "s")}
    return ProtocolCall("asyncapi", given, lasts=True, **more)


def port_of(server: Scripted) -> int:
    return int(server.address.rpartition(":")[2])


async def test_message_is_posted(asyncapi: AsyncApiActivities, scripted: Scripted) -> None:
    scripted.answers = [web.Response(status=202)]
    message = {"payload": {"n": 1}, "headers": {"foo": "bar", "token": "\u2068secret:token:n\u2069", "n": 2}}
    made = call("publish", port_of(scripted), message=message, secrets=["token"], nonce="n")
    outcome = await carried_out(asyncapi.call_asyncapi, made)
    assert outcome.output == message
    (asked,) = scripted.asked
    assert (asked["method"], asked["path"], asked["body"]) == ("POST", "/box", {"n": 1})
    assert (asked["headers"]["foo"], asked["headers"]["token"], asked["headers"]["n"]) == ("bar", "tok-8f3a", "2")


async def test_binding_says_how_a_message_is_sent(asyncapi: AsyncApiActivities, scripted: Scripted) -> None:
    scripted.answers = [web.Response(status=204)]
    await carried_out(asyncapi.call_asyncapi, call("publish", port_of(scripted), bindings={"method": "put"}))
    assert scripted.asked[0]["method"] == "PUT"


@pytest.mark.parametrize(
    ("answer", "payloads"),
    [
        (web.json_response({"a": 1}), [{"a": 1}]),
        (web.json_response([1, 2]), [1, 2]),
        (web.Response(text='data: {"a": 1}\n\ndata: x\n\n', content_type="text/event-stream"), [{"a": 1}, "x"]),
        (web.Response(text='{"a": 1}\n\n{"a": 2}\n', content_type="application/x-ndjson"), [{"a": 1}, {"a": 2}]),
        (web.Response(text="hola"), ["hola"]),
    ],
    ids=range(5),
)
async def test_messages_in_an_answer(
    asyncapi: AsyncApiActivities, scripted: Scripted, answer: web.Response, payloads: JSON
) -> None:
    answer.headers["X-Correlation-Id"] = "c-1"
    scripted.answers = [web.Response(status=204), answer]
    outcome = await carried_out(asyncapi.call_asyncapi, call("receive", port_of(scripted)))
    assert [each["payload"] for each in outcome.output] == payloads
    assert {each["correlationId"] for each in outcome.output} == {"c-1"}


async def test_nothing_came(asyncapi: AsyncApiActivities, scripted: Scripted) -> None:
    scripted.answers = [web.Response(status=204)]
    outcome = await carried_out(asyncapi.call_asyncapi, call("receive", port_of(scripted), window_s=0.2))
    assert outcome.output == []


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (web.Response(status=401), 401),
        (web.Response(status=500), 500),
        (web.Response(text="{", content_type="application/json"), 502),
        (web.json_response([0] * 1_001), 502),
        (web.Response(body=b"x" * 1_000_001), 502),
    ],
    ids=range(5),
)
async def test_hostile_answers(
    asyncapi: AsyncApiActivities, scripted: Scripted, answer: web.Response, status: int
) -> None:
    scripted.answers = [answer]
    outcome = await carried_out(asyncapi.call_asyncapi, call("receive", port_of(scripted)))
    assert problem(outcome) == ("communication", status)


@pytest.mark.parametrize("protocol", ["http", "mqtt"])
async def test_server_that_is_not_there(asyncapi: AsyncApiActivities, protocol: str) -> None:
    outcome = await carried_out(asyncapi.call_asyncapi, call("publish", free_port(), protocol))
    assert problem(outcome) == ("communication", 503)


@pytest.mark.parametrize("protocol", ["http", "mqtt"])
async def test_private_address_where_the_environment_forbids_those(resolver: Resolver, protocol: str) -> None:
    guarded = AsyncApiActivities(resolver, Authenticator(Policy(private=False)))
    outcome = await carried_out(guarded.call_asyncapi, call("publish", 9, protocol))
    assert outcome.error["remoteCode"] == "forbidden-address"


async def test_server_that_says_nothing_is_too_late(asyncapi: AsyncApiActivities) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:
        made = call("publish", silent.getsockname()[1], "mqtt", timeout_s=0.5)
        assert problem(await carried_out(asyncapi.call_asyncapi, made)) == ("timeout", 408)


@pytest.mark.parametrize("protocol", ["mqtt", "mqtt5"])
async def test_messages_wait_at_the_broker_between_two_looks(
    asyncapi: AsyncApiActivities, broker: tuple[int, int], protocol: str
) -> None:
    where = {"address": f"shop/{protocol}", "session": f"between-{protocol}"}
    first = await carried_out(asyncapi.call_asyncapi, call("receive", broker[0], protocol, window_s=0.1, **where))
    assert first.output == []
    for number in range(3):
        message = {"payload": {"n": number}, **({"headers": {"k": "v"}} if protocol == "mqtt5" else {})}
        made = call("publish", broker[0], protocol, message=message, address=where["address"])
        assert (await carried_out(asyncapi.call_asyncapi, made)).output == message
    seen: list[JSON] = []
    while len(seen) < 3:
        outcome = await carried_out(asyncapi.call_asyncapi, call("receive", broker[0], protocol, **where))
        assert outcome.output, outcome
        seen += outcome.output
    assert [each["payload"] for each in seen] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert seen[0]["headers"] == {"topic": where["address"], **({"k": "v"} if protocol == "mqtt5" else {})}
    left = await carried_out(asyncapi.call_asyncapi, call("leave", broker[0], protocol, **where))
    assert left.output == []


async def test_message_that_was_not_acknowledged_comes_again(
    asyncapi: AsyncApiActivities, broker: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = {"address": "again", "session": "again"}
    await carried_out(asyncapi.call_asyncapi, call("receive", broker[0], "mqtt", window_s=0.1, **where))
    await carried_out(asyncapi.call_asyncapi, call("publish", broker[0], "mqtt", address="again"))
    with monkeypatch.context() as patched:
        patched.setattr("activities.mqtt._acknowledge", lambda _client, _messages: None)
        lost = await carried_out(asyncapi.call_asyncapi, call("receive", broker[0], "mqtt", **where))
    again = await carried_out(asyncapi.call_asyncapi, call("receive", broker[0], "mqtt", **where))
    assert lost.output == again.output != []


async def test_login_at_a_broker(asyncapi: AsyncApiActivities, broker: tuple[int, int]) -> None:
    for password, error in ((mosquitto.PASSWORD, None), ("wrong", ("communication", 401))):
        login = {"basic": {"username": mosquitto.USER, "password": password}}
        outcome = await carried_out(asyncapi.call_asyncapi, call("publish", broker[1], "mqtt5", login=login))
        assert (problem(outcome) if outcome.error else None) == error
    bearer = call("publish", broker[1], "mqtt", login={"bearer": {"token": "x"}})
    assert problem(await carried_out(asyncapi.call_asyncapi, bearer)) == ("communication", 502)


async def test_headers_need_version_5(asyncapi: AsyncApiActivities, broker: tuple[int, int]) -> None:
    made = call("publish", broker[0], "mqtt", message={"headers": {"a": "b"}})
    outcome = await carried_out(asyncapi.call_asyncapi, made)
    assert problem(outcome) == ("communication", 502)


async def test_payload_of_any_kind(asyncapi: AsyncApiActivities, broker: tuple[int, int]) -> None:
    where = {"address": "kinds", "session": "kinds"}
    await carried_out(asyncapi.call_asyncapi, call("receive", broker[0], "mqtt", window_s=0.1, **where))
    async with aiomqtt.Client("127.0.0.1", broker[0]) as client:
        for data in (b"\xff\xfe", b"text", b"[" * 100_000, b"x" * 1_000_001):
            await client.publish("kinds", data, qos=1)
    payloads: list[JSON] = []
    while len(payloads) < 3:
        outcome = await carried_out(asyncapi.call_asyncapi, call("receive", broker[0], "mqtt", **where))
        payloads += [each["payload"] for each in outcome.output]
    assert payloads == ["//4=", "text", "[" * 100_000]
    outcome = await carried_out(asyncapi.call_asyncapi, call("receive", broker[0], "mqtt", **where))
    assert problem(outcome) == ("communication", 502)


async def test_cancelling_a_subscription_ends_it(asyncapi: AsyncApiActivities, broker: tuple[int, int]) -> None:
    environment = ActivityEnvironment()
    made = call("receive", broker[0], "mqtt", window_s=60.0, session="cancelled")
    work = asyncio.create_task(environment.run(asyncapi.call_asyncapi, made))
    await asyncio.sleep(0.3)
    environment.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(work, 5)
