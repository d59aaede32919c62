"""Servers that misbehave, for connectors to be held against: one that never answers, one that never ends."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import Final

_head: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n["
_piece: Final = b"1," * 32_768
_pieces: Final = 1_024


@dataclass(slots=True)
class BadServer:
    """Where it listens; `exhausted` says whether somebody read all 64 MB of the answer that was to have no end."""

    listener: socket.socket
    exhausted: bool = False
    taken: list[socket.socket] = field(default_factory=list)
    threads: list[Thread] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Its port on 127.0.0.1."""
        return int(self.listener.getsockname()[1])


@contextmanager
def silent() -> Iterator[BadServer]:
    """Run a server that takes connections, reads, and says nothing."""

    def talk(peer: socket.socket) -> None:
        while peer.recv(65_536):
            pass

    with _running(lambda _: talk) as server:
        yield server


@contextmanager
def endless() -> Iterator[BadServer]:
    """Run a server that answers every request with a JSON list that goes on and on."""

    def talk_of(server: BadServer) -> Callable[[socket.socket], None]:
        def talk(peer: socket.socket) -> None:
            if not peer.recv(65_536):
                return
            peer.sendall(_head)
            for _ in range(_pieces):
                peer.sendall(_piece)
            server.exhausted = True

        return talk

    with _running(talk_of) as server:
        yield server


@contextmanager
def _running(talk_of: Callable[[BadServer], Callable[[socket.socket], None]]) -> Iterator[BadServer]:
    """Run a server, with one thread a connection, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = BadServer(listener)
        talk = talk_of(server)
        accepting = Thread(target=_accept, args=(server, talk), daemon=True)
        accepting.start()
        try:
            yield server
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts; closing alone would not
            accepting.join()
            for peer in server.taken:
                with suppress(OSError):
                    peer.shutdown(socket.SHUT_RDWR)
            for thread in server.threads:
                thread.join()


def _accept(server: BadServer, talk: Callable[[socket.socket], None]) -> None:
    while True:
        try:
            peer, _ = server.listener.accept()
        except OSError:
            return
        server.taken.append(peer)
        thread = Thread(target=_converse, args=(peer, talk), daemon=True)
        server.threads.append(thread)
        thread.start()


def _converse(peer: socket.socket, talk: Callable[[socket.socket], None]) -> None:
    with peer, suppress(OSError):
        talk(peer)
