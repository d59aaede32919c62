"""`call: mcp` against servers of the protocol's own SDK, and against servers that do not behave."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from temporalio.testing import ActivityEnvironment

from activities.mcp import McpActivities
from cauce.authentication import Authenticator
from cauce.contract import ProtocolCall
from cauce.http import Policy, close_sessions
from cauce.secrets import Resolver
from tests.integration.protocols.conftest import Scripted, carried_out, problem, program_serving
from tests.servers.processes import free_port

JSON = Any
HERE = Path(__file__).parent
WELCOME = {"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}}


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a server of the SDK; returns its address."""
    with program_serving("mcp_peer.py", tmp_path_factory.mktemp("mcp") / "peer.log") as address:
        yield f"{address}/mcp"


@pytest.fixture
def mcp(resolver: Resolver) -> McpActivities:
    return McpActivities(resolver, Authenticator(Policy()), [sys.executable, "no-such-program"])


def over_http(address: str, method: str, parameters: JSON = None, **more: JSON) -> ProtocolCall:
    transport = {"http": {"endpoint": address, "headers": more.pop("headers", {})}}
    return _call(transport, method, parameters, **more)


def over_pipes(*arguments: str, method: str = "tools/list", parameters: JSON = None, **more: JSON) -> ProtocolCall:
    file = "mcp_peer.py" if arguments[0] == "stdio" else "rude_program.py"
    environment = more.pop("environment", {})
    server = {"command": sys.executable, "arguments": [str(HERE / file), *arguments], "environment": environment}
    return _call({"stdio": server}, method, parameters, **more)


def _call(transport: JSON, method: str, parameters: JSON, **more: JSON) -> ProtocolCall:
    effect = "write" if method == "tools/call" else "read"
    given = {"method": method, "parameters": parameters, "transport": transport, "protocolVersion": "2025-06-18"}
    return ProtocolCall("mcp", given, effect=effect, lasts="stdio" in transport, **more)


def said(result: JSON, number: int) -> web.Response:
    return web.json_response({"jsonrpc": "2.0", "id": number, "result": result})


async def test_tool_of_a_real_server_over_http(mcp: McpActivities, peer: str) -> None:
    outcome = await carried_out(
        mcp.call_mcp, over_http(peer, "tools/call", {"name": "add", "arguments": {"a": 2, "b": 3}})
    )
    assert outcome.output["structuredContent"] == {"result": 5}
    assert outcome.output["content"] == [{"type": "text", "text": "5"}]
    await close_sessions()


@pytest.mark.parametrize(
    ("method", "parameters", "key", "count"),
    [
        ("tools/list", None, "tools", 3),
        ("prompts/list", None, "prompts", 1),
        ("prompts/get", {"name": "summary", "arguments": {"text": "x"}}, "messages", 1),
        ("resources/list", None, "resources", 0),
        ("resources/read", {"uri": "greeting://Ana"}, "contents", 1),
        ("resources/templates/list", None, "resourceTemplates", 1),
    ],
)
async def test_every_method_of_the_reference(
    mcp: McpActivities, peer: str, method: str, parameters: JSON, key: str, count: int
) -> None:
    outcome = await carried_out(mcp.call_mcp, over_http(peer, method, parameters))
    assert outcome.error is None
    assert len(outcome.output[key]) == count
    await close_sessions()


async def test_program_of_a_real_server(mcp: McpActivities) -> None:
    call = over_pipes("stdio", method="tools/call", parameters={"name": "add", "arguments": {"a": 20, "b": 22}})
    outcome = await carried_out(mcp.call_mcp, call)
    assert outcome.output["structuredContent"] == {"result": 42}


async def test_tool_that_fails_is_a_result_as_the_protocol_says(mcp: McpActivities, peer: str) -> None:
    outcome = await carried_out(mcp.call_mcp, over_http(peer, "tools/call", {"name": "fail"}))
    assert outcome.output["isError"] is True
    await close_sessions()


async def test_refusal_of_the_server_is_a_runtime_error(mcp: McpActivities, peer: str) -> None:
    outcome = await carried_out(mcp.call_mcp, over_http(peer, "prompts/get", {"name": "nothing"}))
    assert problem(outcome) == ("runtime", 500)
    assert outcome.error["remoteCode"] in {"-32602", "0", "-32603"}
    await close_sessions()


async def test_answer_that_takes_too_long_is_a_timeout(mcp: McpActivities, peer: str) -> None:
    call = over_http(peer, "tools/call", {"name": "sleep", "arguments": {"seconds": 30}}, timeout_s=1.0)
    assert problem(await carried_out(mcp.call_mcp, call)) == ("timeout", 408)
    await close_sessions()


async def test_secret_is_put_in_and_the_session_is_kept_and_left(mcp: McpActivities, scripted: Scripted) -> None:
    welcome = said(WELCOME, 1)
    welcome.headers["Mcp-Session-Id"] = "s-1"
    scripted.answers = [welcome, web.Response(status=202), said({"tools": []}, 2), web.Response(status=204)]
    headers = {"Authorization": "Bearer \u2068secret:token:n\u2069"}
    call = over_http(scripted.address, "tools/list", headers=headers, secrets=["token"], nonce="n")
    outcome = await carried_out(mcp.call_mcp, call)
    assert outcome.output == {"tools": []}
    assert [each["method"] for each in scripted.asked] == ["POST", "POST", "POST", "DELETE"]
    assert {each["headers"]["authorization"] for each in scripted.asked} == {"Bearer tok-8f3a"}
    assert [each["headers"].get("mcp-session-id") for each in scripted.asked] == [None, "s-1", "s-1", "s-1"]
    assert scripted.asked[2]["headers"]["mcp-protocol-version"] == "2025-06-18"


async def test_login_of_the_endpoint(mcp: McpActivities, scripted: Scripted) -> None:
    scripted.answers = [web.json_response({"error": "invalid_token"}, status=401)]
    endpoint = {"uri": scripted.address, "authentication": {"basic": {"username": "ana", "password": "x"}}}
    outcome = await carried_out(mcp.call_mcp, over_http(endpoint, "tools/list"))  # type: ignore[arg-type]  # an endpoint
    assert problem(outcome) == ("runtime", 401)
    assert scripted.asked[0]["headers"]["authorization"] == "Basic YW5hOng="


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (web.Response(text="<h1>hello</h1>", content_type="text/html"), 500),
        (web.Response(text="{", content_type="application/json"), 500),
        (web.Response(text="[[[]]]", content_type="application/json"), 500),
        (web.Response(text="data: {\n\n", content_type="text/event-stream"), 500),
        (web.Response(text="data: {}\n\n", content_type="text/event-stream"), 500),
        (said([], 1), 500),
        (said({"protocolVersion": "2999-01-01"}, 1), 500),
        (web.json_response({"jsonrpc": "2.0", "id": 1}), 500),
        (web.json_response({"jsonrpc": "2.0", "id": 1, "error": "no"}), 500),
        (web.Response(status=503), 503),
        (web.Response(status=302, headers={"Location": "http://169.254.169.254/"}), 500),
        (web.Response(body=b"x" * 10_000_001, content_type="application/json"), 500),
    ],
    ids=range(12),
)
async def test_hostile_answers_are_errors_of_the_call(
    mcp: McpActivities, scripted: Scripted, answer: web.Response, status: int
) -> None:
    scripted.answers = [answer]
    outcome = await carried_out(mcp.call_mcp, over_http(scripted.address, "tools/list"))
    assert problem(outcome) == ("runtime", status)
    assert len(scripted.asked) == 1


async def test_answer_in_a_stream_of_events(mcp: McpActivities, scripted: Scripted) -> None:
    progress = 'event: message\r\ndata: {"jsonrpc": "2.0", "method": "notifications/progress"}\r\n\r\n'
    answer = 'id: 7\ndata: {"jsonrpc": "2.0", "id": 2,\ndata:  "result": {"x": 1}}\n\n'
    stream = web.Response(text=progress + answer, content_type="text/event-stream")
    scripted.answers = [said(WELCOME, 1), web.Response(status=202), stream]
    assert (await carried_out(mcp.call_mcp, over_http(scripted.address, "tools/list"))).output == {"x": 1}


async def test_server_that_is_not_there(mcp: McpActivities) -> None:
    outcome = await carried_out(mcp.call_mcp, over_http(f"http://127.0.0.1:{free_port()}", "tools/list"))
    assert problem(outcome) == ("runtime", 503)
    await close_sessions()


async def test_private_address_where_the_environment_forbids_those(resolver: Resolver, scripted: Scripted) -> None:
    mcp = McpActivities(resolver, Authenticator(Policy(private=False)), [])
    outcome = await carried_out(mcp.call_mcp, over_http(scripted.address, "tools/list"))
    assert problem(outcome) == ("runtime", 500)
    assert scripted.asked == []
    await close_sessions()


async def test_program_that_is_not_allowed(resolver: Resolver) -> None:
    mcp = McpActivities(resolver, Authenticator(Policy()), ["python"])
    outcome = await carried_out(mcp.call_mcp, over_pipes("stdio"))
    assert problem(outcome) == ("authorization", 403)


async def test_program_that_does_not_exist(mcp: McpActivities) -> None:
    call = over_pipes("stdio")
    call.arguments["transport"]["stdio"]["command"] = "no-such-program"
    assert problem(await carried_out(mcp.call_mcp, call)) == ("runtime", 500)


@pytest.mark.parametrize("how", ["noise", "quits", "floods", "flood-of-lines", "list", "future"])
async def test_programs_that_misbehave_are_ended(mcp: McpActivities, how: str) -> None:
    began = time.monotonic()
    assert problem(await carried_out(mcp.call_mcp, over_pipes(how, timeout_s=20.0))) == ("runtime", 500)
    assert time.monotonic() - began < 10


async def test_program_sees_only_what_it_is_given_and_gets_its_questions_answered(
    mcp: McpActivities, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUCE_SECRET_OTHER", "x")
    call = over_pipes("curious", environment={"TOKEN": "t"})
    outcome = await carried_out(mcp.call_mcp, call)
    ping, refused = outcome.output["said"]
    assert ping == {"jsonrpc": "2.0", "id": 70, "result": {}}
    assert refused["error"]["code"] == -32601
    assert "TOKEN" in outcome.output["names"]
    assert not [name for name in outcome.output["names"] if name.startswith("CAUCE")]


@pytest.mark.parametrize("cancelled", [False, True], ids=["too late", "cancelled"])
async def test_program_ends_with_its_children(mcp: McpActivities, tmp_path: Path, cancelled: bool) -> None:  # noqa: FBT001 - a parameter
    file = tmp_path / "pids"
    call = over_pipes("family", str(file), timeout_s=60.0 if cancelled else 1.0)
    environment = ActivityEnvironment()
    running = asyncio.create_task(environment.run(mcp.call_mcp, call))
    async with asyncio.timeout(10):
        await asyncio.to_thread(_wait_for, file)
        if cancelled:
            environment.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
        else:
            assert problem(await running) == ("timeout", 408)
    for pid in map(int, file.read_text(encoding="ascii").split()):
        await asyncio.to_thread(_wait_for_end, pid)


def _wait_for(file: Path) -> None:
    until = time.monotonic() + 10
    while not (file.exists() and file.read_text(encoding="ascii")):
        assert time.monotonic() < until
        time.sleep(0.02)


def _wait_for_end(pid: int) -> None:
    until = time.monotonic() + 5
    status = Path(f"/proc/{pid}/status")
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        # A zombie whose parent is gone waits for init to take it, which in a container may be never.
        while "State:\tZ" not in status.read_text(encoding="ascii"):
            assert time.monotonic() < until
            time.sleep(0.02)
