"""`call: grpc` against a gRPC server on loopback."""

import asyncio
import time
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from temporalio.testing import ActivityEnvironment

from activities.grpc import GrpcActivities
from cauce.authentication import Authenticator
from cauce.contract import ProtocolCall
from cauce.http import Policy
from cauce.secrets import Resolver
from tests.integration.protocols.conftest import STANDARD, carried_out, problem
from tests.integration.protocols.grpc_peer import PROTO, SERVICE, serving
from tests.servers.processes import free_port

JSON = Any


@pytest.fixture
async def peer() -> AsyncIterator[tuple[int, Any]]:
    async with serving() as place:
        yield place


@pytest.fixture
def activities(resolver: Resolver) -> GrpcActivities:
    return GrpcActivities(resolver, Authenticator(Policy()), [])


def call(port: int, arguments: JSON, method: str = "Get", *, host: str = "127.0.0.1", **more: JSON) -> ProtocolCall:
    service = {"name": SERVICE, "host": host, "port": port, **more.pop("service", {})}
    given = {"proto": more.pop("proto", PROTO), "service": service, "method": method, "arguments": arguments}
    return ProtocolCall("grpc", given, lasts=True, **more)


async def test_arguments_and_answer_are_json(activities: GrpcActivities, peer: tuple[int, Any]) -> None:
    port, server = peer
    given = {"name": "Ana", "howMany": 9007199254740993, "tags": ["x"]}
    outcome = await carried_out(activities.call_grpc, call(port, given))
    assert outcome.output == {
        "text": "Hola, Ana",
        "bigNumber": "9007199254740994",
        "flag": False,
        "colour": "COLOUR_RED",
        "at": "2026-01-02T03:04:05Z",
        "counts": {"a": 1},
    }
    assert server.asked[0][0] == {"name": "Ana", "howMany": "9007199254740993", "tags": ["x"]}


async def test_names_of_the_proto_file_are_taken_too(activities: GrpcActivities, peer: tuple[int, Any]) -> None:
    outcome = await carried_out(activities.call_grpc, call(peer[0], {"how_many": 1}))
    assert outcome.output["bigNumber"] == "2"


async def test_stream_of_answers_is_an_array(activities: GrpcActivities, peer: tuple[int, Any]) -> None:
    outcome = await carried_out(activities.call_grpc, call(peer[0], {"name": "n", "howMany": 3}, "Follow"))
    assert [each["bigNumber"] for each in outcome.output] == ["0", "1", "2"]


async def test_stream_without_end_is_cut_off(activities: GrpcActivities, peer: tuple[int, Any]) -> None:
    outcome = await carried_out(activities.call_grpc, call(peer[0], {"howMany": 1_000_000}, "Follow"))
    assert problem(outcome) == ("communication", 502)
    assert outcome.error["remoteCode"] == "too-large"


async def test_stream_of_requests_cannot_be_sent(activities: GrpcActivities, peer: tuple[int, Any]) -> None:
    assert problem(await carried_out(activities.call_grpc, call(peer[0], {}, "Send"))) == ("communication", 501)


@pytest.mark.parametrize(
    ("code", "kind", "status"),
    [
        ("UNAUTHENTICATED", "authentication", 401),
        ("PERMISSION_DENIED", "authorization", 403),
        ("DEADLINE_EXCEEDED", "timeout", 408),
        ("INVALID_ARGUMENT", "communication", 400),
        ("NOT_FOUND", "communication", 404),
        ("ALREADY_EXISTS", "communication", 409),
        ("RESOURCE_EXHAUSTED", "communication", 429),
        ("UNAVAILABLE", "communication", 503),
        ("INTERNAL", "communication", 500),
        ("DATA_LOSS", "communication", 500),
    ],
)
async def test_status_codes(
    activities: GrpcActivities, peer: tuple[int, Any], code: str, kind: str, status: int
) -> None:
    outcome = await carried_out(activities.call_grpc, call(peer[0], {"name": code}))
    assert problem(outcome) == (kind, status)
    assert outcome.error["remoteCode"] == code


@pytest.mark.parametrize("name", ["garbage", "huge"])
async def test_hostile_answers(activities: GrpcActivities, peer: tuple[int, Any], name: str) -> None:
    outcome = await carried_out(activities.call_grpc, call(peer[0], {"name": name}))
    assert problem(outcome) in {("communication", 502), ("communication", 429)}


async def test_login_and_its_secret(activities: GrpcActivities, peer: tuple[int, Any]) -> None:
    login = {"authentication": {"bearer": {"token": "\u2068secret:token:n\u2069"}}}
    made = call(peer[0], {"name": "a"}, service=login, secrets=["token"], nonce="n")
    assert (await carried_out(activities.call_grpc, made)).error is None
    assert peer[1].asked[0][1]["authorization"] == "Bearer tok-8f3a"


async def test_too_late(activities: GrpcActivities, peer: tuple[int, Any]) -> None:
    outcome = await carried_out(activities.call_grpc, call(peer[0], {"name": "slow"}, timeout_s=0.5))
    assert problem(outcome) == ("timeout", 408)


async def test_cancelling_reaches_the_server(activities: GrpcActivities, peer: tuple[int, Any]) -> None:
    environment = ActivityEnvironment()
    running = asyncio.create_task(environment.run(activities.call_grpc, call(peer[0], {"name": "slow"})))
    async with asyncio.timeout(10):
        while not peer[1].asked:  # noqa: ASYNC110 - the other side has no event for it
            await asyncio.sleep(0.01)
        environment.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        while not peer[1].cancelled:  # noqa: ASYNC110 - the peer has no event
            await asyncio.sleep(0.01)


async def test_server_that_is_not_there(activities: GrpcActivities) -> None:
    outcome = await carried_out(activities.call_grpc, call(free_port(), {"name": "a"}))
    assert problem(outcome) == ("communication", 503)


async def test_private_address_where_the_environment_forbids_those(resolver: Resolver, peer: tuple[int, Any]) -> None:
    guarded = GrpcActivities(resolver, Authenticator(Policy(private=False)), [])
    for host in ("127.0.0.1", "localhost"):
        outcome = await carried_out(guarded.call_grpc, call(peer[0], {"name": "a"}, host=host))
        assert problem(outcome) == ("communication", 502)
        assert outcome.error["remoteCode"] == "forbidden-address"
    assert peer[1].asked == []


@pytest.mark.parametrize(
    ("proto", "arguments", "says"),
    [
        ("this is no proto file", {}, "cannot be read: 1:1"),
        ('syntax = "proto3"; import "/etc/passwd"; message A {}', {}, "cannot be read"),
        ('syntax = "proto3"; message A {}', {}, "no service"),
        (PROTO.replace("rpc Get ", "rpc Gett "), {}, "did you mean `Gett`"),
        (PROTO, {"nmae": 1}, "nmae"),
        (PROTO, {"name": 7}, "name"),
        (PROTO, {"howMany": "many"}, "many"),
    ],
)
async def test_what_does_not_fit_its_description(
    activities: GrpcActivities, peer: tuple[int, Any], proto: str, arguments: JSON, says: str
) -> None:
    outcome = await carried_out(activities.call_grpc, call(peer[0], arguments, proto=proto))
    assert outcome.error["type"] == STANDARD + "communication"
    assert says in outcome.error["detail"]
    assert peer[1].asked == []


async def test_description_that_explodes_is_stopped(activities: GrpcActivities, peer: tuple[int, Any]) -> None:
    deep = "".join(f"message M{level} {{" for level in range(5_000)) + "}" * 5_000
    began = time.monotonic()
    outcome = await carried_out(activities.call_grpc, call(peer[0], {}, proto=f'syntax = "proto3"; {deep}'))
    assert problem(outcome) == ("communication", 502)
    assert time.monotonic() - began < 20


async def test_description_is_compiled_once(activities: GrpcActivities, peer: tuple[int, Any]) -> None:
    await carried_out(activities.call_grpc, call(peer[0], {"name": "a"}))
    began = time.monotonic()
    for _ in range(5):
        assert (await carried_out(activities.call_grpc, call(peer[0], {"name": "a"}))).error is None
    assert time.monotonic() - began < 0.5


async def test_other_hosts_speak_tls(resolver: Resolver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=shop.example", "-addext", "subjectAltName=DNS:shop.example", "-days", "2"]
    kind: list[str | Path] = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-keyout",
        key,
        "-out",
        certificate,
    ]
    openssl = await asyncio.create_subprocess_exec("openssl", "req", "-x509", *kind, *subject, stderr=DEVNULL)
    assert await openssl.wait() == 0
    credentials = grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
    activities = GrpcActivities(resolver, Authenticator(Policy()), [])
    monkeypatch.setattr("cauce.http.Target.is_loopback", False)
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", _loopback)
    async with serving(credentials) as (port, _):
        outcome = await carried_out(activities.call_grpc, call(port, {"name": "a"}, host="shop.example"))
        assert problem(outcome) == ("communication", 503)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        outcome = await carried_out(activities.call_grpc, call(port, {"name": "a"}, host="shop.example"))
        assert outcome.error is None, outcome
        outcome = await carried_out(activities.call_grpc, call(port, {"name": "a"}, host="other.example"))
        assert problem(outcome) == ("communication", 503)


async def _loopback(host: str, port: int, **_more: Any) -> list[Any]:
    return [(2, 1, 6, "", ("127.0.0.1", port))]
