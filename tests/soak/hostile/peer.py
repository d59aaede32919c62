"""Servers on loopback that do what no server should, each for as long as somebody listens."""

import socket
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Final

Talk = Callable[["Peer", socket.socket], None]
GIGABYTE: Final = 1 << 30
_MEGABYTE: Final = b"1," * (1 << 19)


@dataclass(slots=True)
class Peer:
    """Where it listens; `over` ends what would go on for ever, `heard` are the first lines of the requests."""

    listener: socket.socket
    over: Event = field(default_factory=Event)
    heard: list[str] = field(default_factory=list)
    sent_bytes: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"


@contextmanager
def running(talk: Talk) -> Iterator[Peer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = Peer(listener)
        accepting = Thread(target=_accept, args=(peer, talk), daemon=True)
        accepting.start()
        try:
            yield peer
        finally:
            peer.over.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            accepting.join()


def _accept(peer: Peer, talk: Talk) -> None:
    while True:
        try:
            connection, _ = peer.listener.accept()
        except OSError:
            return
        Thread(target=_converse, args=(peer, talk, connection), daemon=True).start()


def _converse(peer: Peer, talk: Talk, connection: socket.socket) -> None:
    with connection, suppress(OSError, ValueError):
        connection.settimeout(30)
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65_536)
        lines = head.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        length = next((int(each.split(":")[1]) for each in lines if each.lower().startswith("content-length:")), 0)
        left = length - len(head.split(b"\r\n\r\n", 1)[1])
        while left > 0:
            left -= len(connection.recv(65_536))
        peer.heard.append(lines[0])
        talk(peer, connection)


def answer(body: bytes, kind: str = "application/json", *more: str, status: str = "200 OK") -> bytes:
    """Return a whole answer as it goes over the wire."""
    head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close", *more]
    return "\r\n".join([*head, "", ""]).encode() + body


def says(whole: bytes) -> Talk:
    return lambda _, connection: connection.sendall(whole)


def cut_off(whole: bytes, at: int, *, reset: bool = False) -> Talk:
    """Say the beginning of an answer, then hang up: politely, or as a machine does whose cable was pulled."""

    def talk(_: Peer, connection: socket.socket) -> None:
        connection.sendall(whole[:at])
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return talk


def half_closed(beginning: bytes) -> Talk:
    """Say no more, but stay on the line."""

    def talk(peer: Peer, connection: socket.socket) -> None:
        connection.sendall(beginning)
        connection.shutdown(socket.SHUT_WR)
        peer.over.wait(30)

    return talk


def silent(beginning: bytes = b"") -> Talk:
    def talk(peer: Peer, connection: socket.socket) -> None:
        connection.sendall(beginning)
        peer.over.wait(30)

    return talk


def dripping(whole: bytes, quickly: int = 0) -> Talk:
    """Say one byte after the other, with a pause behind each; the first ones may come at once."""

    def talk(peer: Peer, connection: socket.socket) -> None:
        connection.sendall(whole[:quickly])
        for number in range(quickly, len(whole)):
            if peer.over.wait(0.25):
                return
            connection.sendall(whole[number : number + 1])

    return talk


def repeating(beginning: bytes, piece: bytes = _MEGABYTE, most_bytes: int = GIGABYTE) -> Talk:
    """Say the same over and over."""

    def talk(peer: Peer, connection: socket.socket) -> None:
        connection.sendall(beginning)
        while peer.sent_bytes < most_bytes and not peer.over.is_set():
            connection.sendall(piece)
            peer.sent_bytes += len(piece)

    return talk


def bomb() -> bytes:
    """Return a gigabyte of spaces, compressed."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = b" " * (1 << 20)
    return b"".join([*(compressor.compress(piece) for _ in range(1_024)), compressor.flush()])
