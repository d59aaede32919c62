"""Finds ports on loopback for what the embedded stack starts."""

import socket
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Self

_loopback = "127.0.0.1"


def is_free(port: int, host: str = _loopback) -> bool:
    """Say whether a server could listen on `port` now."""
    with socket.socket() as probe:
        # As servers do it; without this, connections of the last run that still linger would occupy the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str = _loopback) -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


class Ports:
    """The ports of one stack; while it is open, no other stack on this machine chooses one of them."""

    def __init__(self) -> None:
        self._claims: list[socket.socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for claim in self._claims:
            claim.close()

    def choose(self, wishes: Sequence[int | None], host: str = _loopback) -> int:
        """Return the first of `wishes` that is free and that nobody has chosen, or any such port."""
        for wish in wishes:
            if wish and is_free(wish, host) and self._claim(wish):
                return wish
        while not self._claim(port := free_port(host)):
            pass
        return port

    def _claim(self, port: int) -> bool:
        """Take `port` for us, from now until its server listens, and between two servers of ours.

        The claim is a name that the kernel keeps for this network, and forgets when we end, however we end. Other
        systems have no such names.
        """
        if sys.platform != "linux":
            return True
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0cauce-port-{port}")
        except OSError:
            claim.close()
            return False
        self._claims.append(claim)
        return True
