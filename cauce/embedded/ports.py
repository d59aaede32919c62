"""Finds ports on loopback for what the embedded stack starts."""

import socket
from collections.abc import Sequence


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Say whether a server could listen on `port` now."""
    with socket.socket() as probe:
        # As servers do it; without this, connections of the last run that still linger would occupy the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def choose(wishes: Sequence[int | None], host: str = "127.0.0.1", taken: Sequence[int] = ()) -> int:
    """Return the first of `wishes` that is free, or any free port."""
    for wish in wishes:
        if wish and wish not in taken and is_free(wish, host):
            return wish
    while True:
        with socket.socket() as probe:
            probe.bind((host, 0))
            port: int = probe.getsockname()[1]
        if port not in taken:
            return port
