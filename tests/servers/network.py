"""Keeps tests on this machine: a connection or a look-up that leaves it is an error in the test."""

import ipaddress
import sys
from typing import Any

# Reserved names that nobody can own; looking them up is how a test asks for a host that does not exist.
_RESERVED = (".invalid", ".test", ".localhost", ".example")


class LeavesThisMachineError(RuntimeError):
    """A test tried to reach something outside."""


def stay_on_loopback() -> None:
    """Refuse from now on, in this process, every connection that is not to this machine."""
    sys.addaudithook(_guard)


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and not _is_here(str(address[0])):
            raise LeavesThisMachineError(f"A test may only connect to this machine, not to {address[0]}.")
    elif event == "socket.getaddrinfo":
        host = arguments[0]
        name = host.decode() if isinstance(host, bytes) else host
        if name and not _is_here(name) and not name.endswith(_RESERVED):
            raise LeavesThisMachineError(f"A test may only look up names of this machine, not {name}.")


def _is_here(host: str) -> bool:
    if host in {"", "localhost"}:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
