"""`call: a2a` against an agent of the protocol's own SDK, and against agents that do not behave."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from temporalio.testing import ActivityEnvironment

from activities.a2a import A2aActivities
from cauce.authentication import Authenticator
from cauce.contract import ProtocolCall
from cauce.http import Policy, close_sessions
from cauce.secrets import Resolver
from tests.integration.protocols.conftest import Scripted, carried_out, problem, program_serving

JSON = Any
HERE = Path(__file__).parent
MESSAGE = {
    "message": {"kind": "message", "messageId": "m1", "role": "user", "parts": [{"kind": "text", "text": "hola"}]}
}


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run an agent of the SDK; returns its address."""
    with program_serving("a2a_peer.py", tmp_path_factory.mktemp("a2a") / "peer.log") as address:
        yield address


@pytest.fixture
def a2a(resolver: Resolver) -> A2aActivities:
    return A2aActivities(resolver, Authenticator(Policy()))


def call(endpoint: JSON, method: str = "tasks/get", parameters: JSON = None, **more: JSON) -> ProtocolCall:
    given = {"method": method, "parameters": parameters, "endpoint": endpoint, "isCard": more.pop("card", False)}
    return ProtocolCall("a2a", given, lasts=True, **more)


async def test_real_agent_by_its_card(a2a: A2aActivities, peer: str) -> None:
    card = f"{peer}/.well-known/agent-card.json"
    outcome = await carried_out(a2a.call_a2a, call(card, "message/send", MESSAGE, card=True))
    assert outcome.error is None, outcome
    assert outcome.output["parts"][0]["text"] == "You said: hola"
    await close_sessions()


async def test_stream_of_a_real_agent(a2a: A2aActivities, peer: str) -> None:
    outcome = await carried_out(a2a.call_a2a, call(f"{peer}/agent", "message/stream", MESSAGE))
    assert [each["parts"][0]["text"] for each in outcome.output] == ["You said: hola"]
    await close_sessions()


async def test_refusal_of_a_real_agent(a2a: A2aActivities, peer: str) -> None:
    outcome = await carried_out(a2a.call_a2a, call(f"{peer}/agent", "tasks/get", {"id": "none"}))
    assert problem(outcome) == ("runtime", 500)
    assert outcome.error["remoteCode"] == "-32001"
    await close_sessions()


@pytest.mark.parametrize(
    "card",
    [
        {"url": "{}/agent"},
        {
            "url": "{}/grpc",
            "preferredTransport": "GRPC",
            "additionalInterfaces": [{"url": "{}/agent", "transport": "JSONRPC"}],
        },
        {
            "supportedInterfaces": [
                {"url": "{}/x", "protocolBinding": "GRPC"},
                {"url": "{}/agent", "protocolBinding": "JSONRPC"},
            ]
        },
    ],
    ids=["0.2", "0.3", "1.0"],
)
async def test_cards_of_every_version(a2a: A2aActivities, scripted: Scripted, card: JSON) -> None:
    text = web.json_response(card).text or ""
    answer = web.json_response({"jsonrpc": "2.0", "id": 1, "result": {}})
    scripted.answers = [web.Response(text=text.replace("{}", scripted.address)), answer]
    assert (await carried_out(a2a.call_a2a, call(scripted.address, card=True))).output == {}
    assert scripted.asked[1]["path"] == "/agent"


async def test_login_goes_to_the_agent_of_the_same_origin_only(a2a: A2aActivities, scripted: Scripted) -> None:
    login = {"bearer": {"token": "\u2068secret:token:n\u2069"}}
    endpoint = {"uri": f"{scripted.address}/card", "authentication": login}
    answer = {"jsonrpc": "2.0", "id": 1, "result": {}}
    for host in (scripted.address, scripted.address.replace("127.0.0.1", "localhost")):
        scripted.answers = [web.json_response({"url": f"{host}/agent"}), web.json_response(answer)]
        outcome = await carried_out(a2a.call_a2a, call(endpoint, card=True, secrets=["token"], nonce="n"))
        assert outcome.error is None, outcome
    assert [each["headers"].get("authorization") for each in scripted.asked] == [
        "Bearer tok-8f3a", "Bearer tok-8f3a", "Bearer tok-8f3a", None,
    ]  # fmt: skip


@pytest.mark.parametrize("card", [[], {"url": 7}, {"preferredTransport": "GRPC", "url": "x"}, {"url": "ftp://x"}])
async def test_card_that_names_no_agent(a2a: A2aActivities, scripted: Scripted, card: JSON) -> None:
    scripted.answers = [web.json_response(card)]
    assert problem(await carried_out(a2a.call_a2a, call(scripted.address, card=True))) == ("runtime", 500)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (web.Response(text="hello"), 500),
        (web.json_response([1]), 500),
        (web.json_response({"jsonrpc": "2.0", "id": 2, "result": 1}), 500),
        (web.json_response({"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "?"}}, status=400), 500),
        (web.Response(status=500), 500),
        (web.Response(status=403), 403),
        (
            web.Response(
                text='data: {"jsonrpc": "2.0", "id": 1, "result": 1}\n\n' * 1_001, content_type="text/event-stream"
            ),
            500,
        ),
        (web.Response(text="data: " + "[" * 100_000 + "\n\n", content_type="text/event-stream"), 500),
        (web.Response(body=b"x" * 10_000_001, content_type="application/json"), 504),
    ],
    ids=range(9),
)
async def test_hostile_answers(a2a: A2aActivities, scripted: Scripted, answer: web.Response, status: int) -> None:
    scripted.answers = [answer]
    outcome = await carried_out(a2a.call_a2a, call(scripted.address, "message/stream", MESSAGE))
    assert problem(outcome) == ("runtime", status)


async def test_too_late(a2a: A2aActivities, scripted: Scripted) -> None:
    scripted.answers = [5.0]
    assert problem(await carried_out(a2a.call_a2a, call(scripted.address, timeout_s=0.3))) == ("timeout", 408)


async def test_cancelling_ends_it(a2a: A2aActivities, scripted: Scripted) -> None:
    scripted.answers = [5.0]
    environment = ActivityEnvironment()
    work = asyncio.create_task(environment.run(a2a.call_a2a, call(scripted.address)))
    async with asyncio.timeout(3):
        while not scripted.asked:  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.01)
        environment.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work


async def test_private_address_where_the_environment_forbids_those(resolver: Resolver, scripted: Scripted) -> None:
    guarded = A2aActivities(resolver, Authenticator(Policy(private=False)))
    assert problem(await carried_out(guarded.call_a2a, call(scripted.address))) == ("runtime", 500)
    assert scripted.asked == []
