"""The embedded stack: Temporal, API and worker as children of one process, each started again when it dies.

`cauce up` and `cauce demo` run it; the children are the same programs that a larger installation runs by itself
(`cauce api`, `cauce worker`), told by their environment where the others are.
"""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from cauce.embedded import first_run, health, state, temporal_server
from cauce.embedded.child import Child, last_line
from cauce.embedded.ports import Ports
from cauce.embedded.state import Addresses, StackFile
from cauce.errors import TransientError
from cauce.services.access.first_login import FirstLogin
from cauce.settings import Settings

_temporal_port = 7233
_temporal_ui_port = 8233
_most_restarts = 3


def _say_nothing(_: str) -> None:
    pass


@dataclass(slots=True)
class Stack:
    """The running parts; made by `start`, which gives everything back in reverse when it is left."""

    settings: Settings
    addresses: Addresses
    first: FirstLogin | None = None
    children: list[Child] = field(default_factory=list)
    started_at: float = field(default_factory=time.time)
    ready: bool = False

    def record(self) -> None:
        """Write down how the stack is, for `status` and `down` in other processes."""
        states = tuple(child.state for child in self.children)
        state.write(self.settings.data_dir, StackFile(os.getpid(), self.started_at, self.ready, self.addresses, states))


@contextlib.asynccontextmanager
async def start(
    settings: Settings, *, temporal_ui: bool = True, say: Callable[[str], None] = _say_nothing
) -> AsyncIterator[Stack]:
    """Start everything, wait until it works, and stop it when the block is left.

    Must run on the main thread (see `Child`).

    Raises:
        ConflictError: A stack runs in this data directory already.
        TransientError: A part did not come up.
    """
    with state.hold(settings.data_dir), Ports() as ports:
        stack = Stack(settings, _addresses(settings, ports, temporal_ui=temporal_ui))
        try:
            await _start_all(stack, say)
            yield stack
        finally:
            # Newest first, so that nobody loses its server while it finishes what it is doing.
            for child in reversed(stack.children):
                await child.stop()
            stack.ready = False
            stack.children.clear()
            stack.record()


def environment(settings: Settings, addresses: Addresses) -> dict[str, str]:
    """Return the environment in which a command of ours works with this stack."""
    host, _, port = addresses.api.removeprefix("http://").rpartition(":")
    return {
        **os.environ,
        "CAUCE_DATA_DIR": str(settings.data_dir),
        "CAUCE_STORE_URL": settings.store_url,
        "CAUCE_TEMPORAL_ADDRESS": addresses.temporal,
        "CAUCE_TEMPORAL_NAMESPACE": settings.temporal_namespace,
        "CAUCE_API_HOST": host,
        "CAUCE_API_PORT": port,
        "PYTHONUNBUFFERED": "1",
    }


async def _start_all(stack: Stack, say: Callable[[str], None]) -> None:
    settings, where = stack.settings, stack.addresses
    say(f"Starting Temporal at {where.temporal} …")
    ui_port = _port_of(where.temporal_ui) if where.temporal_ui else None
    database = settings.data_dir / "temporal.db"
    command = temporal_server.command(database, settings.temporal_namespace, _port_of(where.temporal), ui_port)
    temporal = await _add(stack, "temporal", command)
    await temporal_server.wait_until_ready(where.temporal, settings.temporal_namespace, temporal.log)
    say("Upgrading the store …")
    stack.first = await first_run.prepare(settings)
    say(f"Starting the API at {where.api} and a worker …")
    api = await _add(stack, "api", [sys.executable, "-P", "-m", "cauce.cli", "api"])
    worker = await _add(stack, "worker", [sys.executable, "-P", "-m", "cauce.cli", "worker"])
    await asyncio.gather(
        _until_healthy(api, lambda: health.api(where.api)),
        _until_healthy(worker, lambda: health.worker(where.temporal, settings.temporal_namespace, worker.since)),
    )
    stack.ready = True
    stack.record()


async def _add(stack: Stack, name: str, command: list[str]) -> Child:
    log = stack.settings.data_dir / "logs" / f"{name}.log"
    child = Child(name, command, environment(stack.settings, stack.addresses), log, on_change=stack.record)
    stack.children.append(child)
    await child.start()
    return child


async def _until_healthy(child: Child, check: Callable[[], Awaitable[health.Health]], patience_s: float = 60.0) -> None:
    deadline = time.monotonic() + patience_s
    while not (found := await check()).healthy:
        # One that ends again and again will not come up by waiting.
        if time.monotonic() > deadline or child.restarts >= _most_restarts:
            raise TransientError(
                f"The {child.name} did not come up: {found.sentence}",
                hint=f"Its log is {child.log}; the last line is: {last_line(child.log) or '(empty)'}",
            )
        await asyncio.sleep(0.2)


def _addresses(settings: Settings, ports: Ports, *, temporal_ui: bool) -> Addresses:
    """Choose where to listen: as in the last run where it can be, as bookmarks and other terminals remember that."""
    before = state.last(settings.data_dir)
    old = before.addresses if before else None
    host = settings.api_host
    temporal = ports.choose([_port_of(old.temporal) if old else None, _temporal_port])
    api = ports.choose([settings.api_port, _port_of(old.api) if old else None], host)
    ui = ports.choose([_port_of(old.temporal_ui) if old else None, _temporal_ui_port])
    return Addresses(
        temporal=f"127.0.0.1:{temporal}",
        api=f"http://{host}:{api}",
        temporal_ui=f"http://127.0.0.1:{ui}" if temporal_ui else None,
    )


def _port_of(address: str | None) -> int:
    return int(address.rpartition(":")[2]) if address else 0
