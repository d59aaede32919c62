"""The HTTP connector, and the exchange that the process language shares with it."""

import asyncio
import base64
import gzip
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError

from cauce.connector import Operation
from cauce.errors import AmbiguousError, BusinessError, LoginError, PermanentError, RemoteError, TransientError
from cauce.http import HttpRequest, Policy, exchange
from connectors import http


class Peer:
    """A server that does what a test tells it to, and keeps what it was sent."""

    def __init__(self) -> None:
        self.url = ""
        self.reply: Any = lambda: web.json_response({"ok": True})
        self.received: list[web.Request] = []
        self.bodies: list[bytes] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.received.append(request)
        self.bodies.append(await request.read())
        reply = self.reply()
        answer: web.StreamResponse = await reply(request) if callable(reply) else reply
        return answer


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    peer = Peer()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", peer.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    peer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield peer
    await runner.cleanup()


@pytest.fixture
async def api(peer: Peer) -> AsyncIterator[http.Connector]:
    async with http.Connector("shop", http.Settings(base_url=f"{peer.url}/v1", max_bytes=100_000)) as connector:
        yield connector


def read(calls: str, timeout_s: float = 5) -> Operation:
    return Operation("look-up", calls, "read", timeout_s=timeout_s)


def write(calls: str, timeout_s: float = 5) -> Operation:
    return Operation("change", calls, "write", timeout_s=timeout_s)


async def failed(connector: http.Connector, operation: Operation, params: Any = None) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        await connector.call(operation, params)
    return caught.value


@pytest.mark.parametrize(
    ("calls", "params", "path", "body"),
    [
        ("GET /orders/{id}", {"id": "a/b ñ", "page": 2, "tag": ["x", "y"]},
         "/v1/orders/a%2Fb%20%C3%B1?page=2&tag=x&tag=y", b""),
        ("POST /orders/{id}", {"id": 7, "lines": ["ñ"]}, "/v1/orders/7", '{"lines": ["ñ"]}'.encode()),
        ("DELETE /orders/{id}", {"id": 7}, "/v1/orders/7", b""),
        ("PUT /orders/{id}", {"path": {"id": 1}, "query": {"q": True}, "body": [1]}, "/v1/orders/1?q=true", b"[1]"),
        ("POST /orders", [1, 2], "/v1/orders", b"[1, 2]"),
        ("GET /orders", None, "/v1/orders", b""),
    ],
)  # fmt: skip
async def test_parameters_go_into_path_query_and_body(
    api: http.Connector, peer: Peer, calls: str, params: Any, path: str, body: bytes
) -> None:
    assert await api.call(write(calls), params) == {"ok": True}
    assert peer.received[0].path_qs == path if "%" not in path else peer.received[0].raw_path == path
    assert peer.bodies[0] == body


@pytest.mark.parametrize(
    ("calls", "params", "says"),
    [
        ("GET /orders/{id}", {}, "look-up@shop.id: The path needs 'id'"),
        ("GET /orders/{id}", {"id": ".."}, "look-up@shop.id: The path needs 'id'"),
        ("GET /orders/{id}", {"id": {"a": 1}}, "look-up@shop.id: The path needs 'id'"),
        ("FETCH /orders", {}, "'FETCH /orders' is not an HTTP call."),
        ("GET /orders", [1], "GET takes an object of parameters."),
    ],
)
async def test_what_cannot_be_sent_is_explained(api: http.Connector, calls: str, params: Any, says: str) -> None:
    error = await failed(api, read(calls), params)
    assert type(error) is PermanentError
    assert says in str(error)


@pytest.mark.parametrize(
    ("status", "read_kind", "write_kind"),
    [
        (408, TransientError, TransientError),
        (425, TransientError, TransientError),
        (429, TransientError, TransientError),
        (503, TransientError, TransientError),
        (500, TransientError, AmbiguousError),
        (502, TransientError, AmbiguousError),
        (504, TransientError, AmbiguousError),
        (409, BusinessError, BusinessError),
        (422, BusinessError, BusinessError),
        (400, PermanentError, PermanentError),
        (401, PermanentError, PermanentError),
        (302, PermanentError, PermanentError),
    ],
)
async def test_each_status_has_its_class(
    api: http.Connector, peer: Peer, status: int, read_kind: type[RemoteError], write_kind: type[RemoteError]
) -> None:
    headers = {"Location": "/elsewhere"} if status == 302 else {"Retry-After": "7"}
    peer.reply = lambda: web.json_response({"error": {"code": "E1"}}, status=status, headers=headers)
    assert type(error := await failed(api, read("GET /a"))) is read_kind
    assert error.remote_code == "E1"
    assert error.detail.get("retryAfter_s") == (7.0 if status in {408, 425, 429, 503} else None)
    assert type(await failed(api, write("POST /a"))) is write_kind
    assert len(peer.received) == 2


async def test_what_is_not_there_is_null_for_a_read(api: http.Connector, peer: Peer) -> None:
    peer.reply = lambda: web.Response(status=404)
    assert await api.call(read("GET /orders/1"), {}) is None
    assert type(await failed(api, write("POST /orders/1"))) is PermanentError


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (lambda: web.Response(status=204), None),
        (lambda: web.Response(text="hola ñ"), "hola ñ"),
        (lambda: web.Response(body=b"\xff\x00", content_type="a/pdf"), base64.b64encode(b"\xff\x00").decode()),
        (lambda: web.json_response({"a": 1}, content_type="application/problem+json"), {"a": 1}),
        (lambda: web.Response(body=gzip.compress(b"[1]"), headers={"Content-Encoding": "gzip"},
                              content_type="application/json"), [1]),
    ],
)  # fmt: skip
async def test_content_is_what_its_type_says(api: http.Connector, peer: Peer, reply: Any, answer: Any) -> None:
    peer.reply = reply
    assert await api.call(read("GET /a"), {}) == answer


async def test_json_that_is_none_is_ambiguous_after_a_write(api: http.Connector, peer: Peer) -> None:
    peer.reply = lambda: web.Response(text="<html>", content_type="application/json")
    assert type(await failed(api, read("GET /a"))) is PermanentError
    assert type(await failed(api, write("POST /a"))) is AmbiguousError


async def test_a_bomb_is_cut_off(api: http.Connector, peer: Peer) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    peer.reply = lambda: web.Response(body=bomb, headers={"Content-Encoding": "gzip"}, content_type="text/plain")
    error = await failed(api, read("GET /a"))
    assert "answered with more than 100,000 bytes; the rest was not read." in str(error)


async def drip(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(100):
        await response.write(b" ")
        await asyncio.sleep(0.05)
    return response


async def drop(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def test_a_slow_answer_is_cut_at_the_deadline(api: http.Connector, peer: Peer) -> None:
    peer.reply = lambda: drip
    started = time.monotonic()
    assert type(await failed(api, write("POST /a", timeout_s=0.4))) is AmbiguousError
    assert type(await failed(api, read("GET /a", timeout_s=0.4))) is TransientError
    assert time.monotonic() - started < 4


async def test_a_connection_dropped_after_the_work_is_ambiguous(api: http.Connector, peer: Peer) -> None:
    peer.reply = lambda: drop
    assert type(await failed(api, write("POST /a"))) is AmbiguousError


async def test_nothing_listening_is_transient_even_for_a_write() -> None:
    async with http.Connector("shop", http.Settings(base_url="http://127.0.0.1:1")) as connector:
        error = await failed(connector, write("POST /a"))
        assert type(error) is TransientError
        assert "nothing was sent" in str(error)
        assert (await connector.check())[-1].sentence.startswith("Nothing listens on 127.0.0.1:1;")


@pytest.mark.parametrize(
    ("auth", "sent"),
    [({"basic": {"username": "ana", "password": "hush"}}, "Basic YW5hOmh1c2g="), ({"bearer": "hush"}, "Bearer hush")],
)
async def test_each_way_to_log_in(peer: Peer, auth: Any, sent: str) -> None:
    settings = http.Settings.model_validate({"base_url": peer.url, "auth": auth, "headers": {"X-Tenant": "a"}})
    async with http.Connector("shop", settings) as connector:
        await connector.call(read("GET /a"), {})
    assert peer.received[0].headers["Authorization"] == sent
    assert peer.received[0].headers["X-Tenant"] == "a"
    assert "hush" not in repr(settings)


async def test_token_of_a_provider_is_fetched_and_used(peer: Peer) -> None:
    login = {"authority": peer.url, "grant": "client_credentials", "client": {"id": "hub", "secret": "hush"}}
    settings = http.Settings.model_validate({"base_url": peer.url, "auth": {"oauth2": {**login, "scopes": ["a"]}}})
    peer.reply = lambda: web.json_response({"access_token": "t0ken", "expires_in": 600})
    async with http.Connector("shop", settings) as connector:
        await connector.call(read("GET /a"), {})
        await connector.call(write("POST /a"), {})
    assert [request.path for request in peer.received] == ["/oauth2/token", "/a", "/a"]
    assert peer.bodies[0] == b"grant_type=client_credentials&scope=a&client_id=hub&client_secret=hush"
    assert peer.received[2].headers["Authorization"] == "Bearer t0ken"
    assert "hush" not in repr(settings)


async def test_endpoints_of_an_openid_provider_are_looked_up(peer: Peer) -> None:
    login = {"authority": peer.url, "grant": "client_credentials", "client": {"id": "hub", "secret": "hush"}}
    settings = http.Settings.model_validate({"base_url": peer.url, "auth": {"oidc": login}})
    described = {"issuer": peer.url, "token_endpoint": f"{peer.url}/t"}
    peer.reply = lambda: web.json_response({**described, "access_token": "t0ken"})
    async with http.Connector("shop", settings) as connector:
        await connector.call(read("GET /a"), {})
    assert [request.path for request in peer.received] == ["/.well-known/openid-configuration", "/t", "/a"]


async def test_digest_is_computed_when_it_is_asked_for(peer: Peer) -> None:
    settings = http.Settings.model_validate(
        {"base_url": peer.url, "auth": {"digest": {"username": "ana", "password": "hush"}}}
    )
    challenge = {"WWW-Authenticate": 'Digest realm="r", nonce="n"'}
    replies = iter([web.Response(status=401, headers=challenge), web.json_response({"ok": True})])
    peer.reply = lambda: next(replies)
    async with http.Connector("shop", settings) as connector:
        assert await connector.call(read("GET /a"), {}) == {"ok": True}
    assert peer.received[1].headers["Authorization"].startswith('Digest username="ana", realm="r", nonce="n", uri="/a"')


async def test_check_says_that_the_provider_refuses_the_login(peer: Peer) -> None:
    login = {"authority": peer.url, "grant": "client_credentials", "client": {"id": "hub", "secret": "hush"}}
    settings = http.Settings.model_validate({"base_url": peer.url, "auth": {"oauth2": login}})
    peer.reply = lambda: web.json_response({"error": "invalid_client"}, status=401)
    async with http.Connector("shop", settings) as connector:
        probe = (await connector.check())[-1]
        error = await failed(connector, read("GET /a"))
    assert (probe.stage, probe.ok) == ("login", False)
    assert "refuses the login (HTTP 401, invalid_client)" in probe.sentence
    assert (type(error), error.remote_code) == (LoginError, "invalid_client")


@pytest.mark.parametrize(
    "auth",
    [
        {"bearer": "x", "basic": {"username": "a", "password": "b"}},
        {"oauth2": {"authority": "https://id.example", "grant": "client_credentials", "client": {"id": "hub"}}},
        {"oauth2": {"authority": "id.example", "grant": "client_credentials", "client": {"id": "a", "secret": "b"}}},
    ],
)
def test_login_that_cannot_be_is_refused_in_the_settings(auth: Any) -> None:
    with pytest.raises(ValidationError):
        http.Settings.model_validate({"base_url": "https://shop.example", "auth": auth})


async def test_check_says_that_the_login_is_refused(api: http.Connector, peer: Peer) -> None:
    assert [(probe.stage, probe.ok) for probe in await api.check()] == [("dns", True), ("tcp", True), ("read", True)]
    peer.reply = lambda: web.Response(status=401)
    probe = (await api.check())[-1]
    assert (probe.stage, probe.ok) == ("login", False)
    assert probe.sentence == "The login is refused (HTTP 401); check the connection's auth."


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0x7f000001", "[::ffff:127.0.0.1]", "2130706433", "127.1"]
)
async def test_private_addresses_can_be_forbidden(peer: Peer, host: str) -> None:
    url = peer.url.replace("127.0.0.1", host)
    with pytest.raises(RemoteError) as caught:
        await exchange(HttpRequest("GET", url, policy=Policy(private=False)))
    assert peer.received == []
    assert "may not be called" in str(caught.value)


async def test_redirects_are_followed_within_the_allowed_hosts_only(peer: Peer) -> None:
    def once() -> web.Response:
        if len(peer.received) == 1:
            return web.Response(status=303, headers={"Location": "/other"})
        return web.json_response({"path": peer.received[-1].path})

    peer.reply = once
    policy = Policy(hosts=frozenset({"127.0.0.1"}))
    response = await exchange(HttpRequest("POST", f"{peer.url}/a", body={"a": 1}, max_redirects=2, policy=policy))
    assert response.content() == {"path": "/other"}
    assert peer.received[1].method == "GET"

    peer.reply = lambda: web.Response(status=302, headers={"Location": peer.url.replace("127.0.0.1", "localhost")})
    with pytest.raises(PermanentError, match="its host is not among the allowed ones"):
        await exchange(HttpRequest("GET", f"{peer.url}/a", max_redirects=2, policy=policy))
    peer.reply = lambda: web.Response(status=302, headers={"Location": "/again"})
    with pytest.raises(PermanentError, match="redirected more than 2 times"):
        await exchange(HttpRequest("GET", f"{peer.url}/a", max_redirects=2, policy=policy))


async def test_a_password_does_not_follow_a_redirect_to_another_host(peer: Peer) -> None:
    def once() -> web.Response:
        if len(peer.received) == 1:
            return web.Response(status=302, headers={"Location": peer.url.replace("127.0.0.1", "localhost")})
        return web.Response()

    peer.reply = once
    await exchange(HttpRequest("GET", peer.url, headers={"Authorization": "Bearer hush"}, max_redirects=1))
    assert "Authorization" in peer.received[0].headers
    assert "Authorization" not in peer.received[1].headers


async def test_the_three_forms_of_an_answer(peer: Peer) -> None:
    request = HttpRequest("GET", peer.url, headers={"Authorization": "Bearer hush", "X-A": "b"}, query={"q": "ñ"})
    response = await exchange(request)
    assert response.output("raw") == base64.b64encode(b'{"ok": true}').decode()
    assert response.output("content") == {"ok": True}
    shown = response.output("response")
    assert shown["statusCode"] == 200
    assert shown["content"] == {"ok": True}
    assert shown["request"]["headers"] == {"X-A": "b"}
