"""Peers that lie, stall, flood and explode: each is an error of its class in time, and takes nothing else along.

The table of docs/hostile-peers.md leads from each case to its test, here and elsewhere.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cauce.connector import BaseConnector, Operation
from cauce.errors import RemoteError, TransientError
from connectors import http, soap
from tests.connectors.soap_peer import ORDER, envelope
from tests.soak.hostile import peer as hostile
from tests.soak.hostile.peer import Peer, Talk, answer, running

pytestmark = pytest.mark.soak
DEADLINE_S = 2.0
# Far more than any deadline and pause together: who has not come back by then never will.
HANGS_S = 25.0
MOST_BYTES = 4_000_000
GOOD = {"http": answer(b'{"number": "SO-1"}'), "soap": answer(envelope(ORDER), "text/xml; charset=utf-8")}
PARAMS = {"http": {"body": {"a": 1}}, "soap": {"Reference": "r-1"}}
Kind = str


def connected(kind: Kind, peer: Peer, wsdl: Path) -> BaseConnector[Any]:
    if kind == "http":
        return http.Connector("shop", http.Settings(base_url=peer.url, max_bytes=MOST_BYTES))
    settings = {"wsdl": str(wsdl), "address": f"{peer.url}/soap", "max_bytes": MOST_BYTES}
    return soap.Connector("erp", soap.Settings.model_validate(settings))


def operation(kind: Kind, effect: Any) -> Operation:
    return Operation("create", "POST /orders" if kind == "http" else "Create", effect, timeout_s=DEADLINE_S)


async def refused(
    kind: Kind, talk: Talk, wsdl: Path, effect: str = "write", at_least_ticks: int = 0
) -> tuple[RemoteError, Peer]:
    """Call a peer that must not be believed, while the event loop has other things to do."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.05)
            ticks += 1

    with running(talk) as peer:
        ticking = asyncio.create_task(tick())
        async with connected(kind, peer, wsdl) as connector:
            with pytest.raises(RemoteError) as caught:
                await asyncio.wait_for(connector.call(operation(kind, effect), PARAMS[kind]), HANGS_S)
        ticking.cancel()
    assert ticks >= at_least_ticks, "the event loop stood still"
    return caught.value, peer


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n"
TYPES = {"http": b"application/json", "soap": b"text/xml; charset=utf-8"}
STALLS: dict[str, Callable[[Kind], Talk]] = {
    "never answers": lambda _: hostile.silent(),
    "drips its head": lambda kind: hostile.dripping(GOOD[kind]),
    "drips its body": lambda kind: hostile.dripping(GOOD[kind], quickly=GOOD[kind].index(b"\r\n\r\n") + 5),
    "stops within its head": lambda kind: hostile.silent(GOOD[kind][:20]),
    "stops within its body": lambda kind: hostile.silent(GOOD[kind][:-5]),
    "half-closes without an answer": lambda _: hostile.half_closed(b""),
    "half-closes within its body": lambda kind: hostile.half_closed(GOOD[kind][:-5]),
    "drips headers without end": lambda kind: hostile.dripping(HEAD % TYPES[kind] + b"X-A: b\r\n" * 1_000, quickly=40),
    "says 100 Continue for ever": lambda _: hostile.repeating(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 40),
}
FLOODS: dict[str, Callable[[Kind], Talk]] = {
    "1 GB": lambda kind: hostile.repeating(HEAD % TYPES[kind] + b"Content-Length: 1073741824\r\n\r\n["),
    "1 GB in chunks": lambda kind: hostile.repeating(
        HEAD % TYPES[kind] + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 65_536 + b"\r\n"
    ),
    "1 GB in 1 MB of gzip": lambda kind: hostile.says(
        answer(hostile.bomb(), TYPES[kind].decode(), "Content-Encoding: gzip")
    ),
    "a header of 1 GB": lambda kind: hostile.repeating(HEAD % TYPES[kind] + b"X-A: ", b"a" * (1 << 20)),
    "headers without end": lambda kind: hostile.repeating(HEAD % TYPES[kind], b"X-A: b\r\n" * 10_000),
    "a status line of 1 GB": lambda _: hostile.repeating(b"HTTP/1.1 200 ", b"K" * (1 << 20)),
}
LIES = {
    "a length below zero": HEAD % b"text/xml" + b"Content-Length: -5\r\n\r\nhello",
    "a length that is no number": HEAD % b"text/xml" + b"Content-Length: many\r\n\r\nhello",
    "two lengths": HEAD % b"text/xml" + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nhello",
    "a chunk of 16 EB": HEAD % b"text/xml" + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nhello",
    "chunks that are none": HEAD % b"text/xml" + b"Transfer-Encoding: chunked\r\n\r\nhello\r\nthere\r\n",
    "gzip that is none": answer(b"hello", "text/xml", "Content-Encoding: gzip"),
    "another protocol": b"220 mail.example.com ESMTP ready\r\n",
    "nothing but bytes": bytes(range(256)) * 100,
}


@pytest.mark.parametrize("kind", ["http", "soap"])
@pytest.mark.parametrize("name", STALLS)
async def test_a_peer_that_stalls_is_left_in_time(name: str, kind: Kind, wsdl: Path, watch: None) -> None:
    error, peer = await refused(kind, STALLS[name](kind), wsdl, at_least_ticks=0 if "half" in name else 1)
    assert peer.heard, "the request came"
    # It may have been carried out, so nobody may think that it was not.
    assert not isinstance(error, TransientError), error
    read, _ = await refused(kind, STALLS[name](kind), wsdl, effect="read")
    assert type(read) is TransientError, read


@pytest.mark.parametrize("kind", ["http", "soap"])
@pytest.mark.parametrize("name", FLOODS)
async def test_a_flood_is_cut_off(name: str, kind: Kind, wsdl: Path, watch: None) -> None:
    error, peer = await refused(kind, FLOODS[name](kind), wsdl)
    assert not isinstance(error, TransientError), error
    assert peer.sent_bytes < hostile.GIGABYTE // 4


@pytest.mark.parametrize("kind", ["http", "soap"])
@pytest.mark.parametrize("name", LIES)
async def test_a_lie_is_no_answer(name: str, kind: Kind, wsdl: Path, watch: None) -> None:
    error, _ = await refused(kind, hostile.says(LIES[name]), wsdl)
    assert not isinstance(error, TransientError), error


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("kind", ["http", "soap"])
async def test_an_answer_that_ends_anywhere_is_no_answer(kind: Kind, reset: bool, wsdl: Path, watch: None) -> None:  # noqa: FBT001 - a parameter
    whole = GOOD[kind]
    for at in range(0, len(whole), 7):
        error, _ = await refused(kind, hostile.cut_off(whole, at, reset=reset), wsdl)
        assert not isinstance(error, TransientError), (at, error)


@pytest.mark.parametrize("kind", ["http", "soap"])
@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ("año".encode("latin-1"), "utf-8"),
        ("año".encode(), "utf-16"),
        ("año".encode("utf-16"), "utf-8"),
        (b"\xff\xfe\x00\xd8", "utf-16-le"),
        ("año".encode(), "klingon"),
        ("año".encode("utf-7"), "idna"),
        ("año".encode(), "rot13"),
        ("año".encode(), "zip"),
        ("año".encode(), "x" * 10_000),
    ],
)
async def test_a_wrong_charset_is_no_crash(kind: Kind, body: bytes, charset: str, wsdl: Path, watch: None) -> None:
    text = b'"%s"' % body if kind == "http" else envelope(ORDER).replace(b"SO-1", body)
    whole = answer(text, f"{'application/json' if kind == 'http' else 'text/xml'}; charset={charset}")
    with running(hostile.says(whole)) as peer:
        async with connected(kind, peer, wsdl) as connector:
            try:
                given = await asyncio.wait_for(connector.call(operation(kind, "write"), PARAMS[kind]), HANGS_S)
            except TransientError as error:
                pytest.fail(f"it may have been carried out: {error}")
            except RemoteError:
                return
    # A parser that knows better than the header is fine, as long as it reads what is there.
    assert "a" in str(given)
