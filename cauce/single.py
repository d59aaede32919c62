"""Runs one definition once: for `cauce run`, for trying a file out, and for tests of the language.

Everything is real but short-lived: a Temporal dev server (or the one at an address), a store in a temporary folder,
and a worker in this process.
"""

import asyncio
import json
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.service import RPCError
from temporalio.converter import DataConverter
from temporalio.testing import TimeSkipper, TimeSkippingConfig, WorkflowEnvironment

from cauce import contract, worker
from cauce.contract import JSON, CompleteTask, Start
from cauce.errors import CauceError, DefinitionError
from cauce.settings import Settings
from cauce.store import definitions
from cauce.store.definitions import NewDefinition
from cauce.store.session import Store
from cauce.temporal import data_converter, register_search_attributes

_POLL_S: Final = 0.05
_SKIPPING: Final = ["--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"]
Status = Literal["completed", "faulted", "cancelled"]
_WORDS: Final = {"completed": "completed", "faulted": "faulted", "cancelled": "cancelled", "running": "cancelled"}


@dataclass(frozen=True, slots=True)
class Report:
    """How a run ended: the output or the error, and every task that began, in order."""

    status: Status
    output: JSON = None
    error: JSON = None
    tasks: list[dict[str, str]] = field(default_factory=list)

    def to_json(self) -> str:
        """Return the report as one line."""
        return json.dumps(asdict(self), ensure_ascii=False)


@dataclass(slots=True)
class Bench:
    """A place in which definitions can be run one after the other."""

    client: Client
    store: Store
    skips_time: bool = False

    async def run(self, bundle: Mapping[str, JSON], given: JSON, answers: Mapping[str, JSON] | None = None) -> Report:
        """Run a bundle with an input; `answers` holds the answer to each human task by its name."""
        title = f"{bundle['namespace']}.{bundle['name']}"
        # Time that skips by itself would run past the answer of a person; with people in it, it goes day by day.
        skipper = TimeSkipper(self.client, config=TimeSkippingConfig(enabled=self.skips_time and not bundle.get("forms")))
        client = skipper.client if self.skips_time else self.client
        handle = await client.start_workflow(
            title,
            args=[bundle, Start(input=given, trace=True)],
            id=f"{title}/{uuid.uuid4()}",
            task_queue=contract.TASK_QUEUE,
            result_type=None,
        )
        result = asyncio.create_task(handle.result())
        try:
            while not result.done():
                await asyncio.wait({result}, timeout=_POLL_S)
                if not result.done():
                    await self._help(handle, answers or {}, skipper)
            return await _report(handle, result)
        finally:
            result.cancel()

    async def _help(self, handle: WorkflowHandle[Any, Any], answers: Mapping[str, JSON], skipper: TimeSkipper) -> None:
        """Answer the human tasks that are open; let time pass when nothing else can happen."""
        state = await handle.query(contract.STATE)
        if not state["openTasks"]:
            if self.skips_time and state["wakesAt"] is not None:
                left = state["wakesAt"] - state["now"]
                await skipper.fast_forward(handle, timedelta(seconds=max(left, 0) + 1))
            return
        from cauce.store import tasks  # noqa: PLC0415 (only runs with people need it)

        async with self.store.read() as db:
            rows = [await tasks.find_task(db, each) for each in state["openTasks"]]
        for row in rows:
            if row is None:
                continue
            if row.name not in answers:
                await handle.cancel()
                raise DefinitionError(
                    f"Nobody answers the human task '{row.name}' here.",
                    hint=f"Give its answer: --answer {row.name}='{{…}}', or publish the definition and start it.",
                )
            answer = CompleteTask(row.id, answers[row.name], by="cauce-run", at=datetime.now(UTC).isoformat())
            await handle.execute_update(contract.COMPLETE_TASK, answer)


@asynccontextmanager
async def bench(settings: Settings, temporal: str = "local", documents: list[NewDefinition] | None = None) -> AsyncIterator[Bench]:
    """Give out a bench; `temporal` is `local`, `time-skipping` or an address; `documents` are what runs may call."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cauce-run-")))
        store = await _store(folder, stack, documents or [])
        converter = data_converter(store, limit_bytes=settings.max_payload_bytes)
        match temporal:
            case "local" | "time-skipping":
                environment = await _environment(temporal, converter)
                stack.push_async_callback(environment.shutdown)
                client = environment.client
            case address:
                from cauce.temporal import connect  # noqa: PLC0415

                client = await connect(address, store, namespace=settings.temporal_namespace)
                await register_search_attributes(client)
        made = worker.parts(settings, store)
        stack.push_async_callback(worker.close_sessions)
        stack.push_async_callback(made.connections.close)
        await stack.enter_async_context(worker.process_worker(client, made.local))
        await worker.serve_connections(client, made, store, stack, set())
        yield Bench(client, store, skips_time=temporal == "time-skipping")


async def _store(folder: Path, stack: AsyncExitStack, documents: list[NewDefinition]) -> Store:
    from cauce.store.migrations import upgrade  # noqa: PLC0415

    url = f"sqlite+aiosqlite:///{folder / 'store.db'}"
    await asyncio.to_thread(upgrade, url)
    store = await stack.enter_async_context(Store(url))
    async with store.transaction() as db:
        for document in documents:
            await definitions.add(db, document)
    return store


async def _environment(kind: str, converter: DataConverter) -> WorkflowEnvironment:
    return await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(Path(sys.executable).with_name("temporal")),
        data_converter=converter,
        search_attributes=[SearchAttributeKey.for_keyword(name) for name in contract.SEARCH_ATTRIBUTES],
        dev_server_log_level="error",
        dev_server_extra_args=_SKIPPING if kind == "time-skipping" else [],
    )


async def _report(handle: WorkflowHandle[Any, Any], result: "asyncio.Task[JSON]") -> Report:
    state = await handle.query(contract.STATE)
    tasks = [
        {"name": each["name"], "reference": each["reference"], "status": _WORDS[each["status"]]}
        for each in state["tasks"]
    ]
    try:
        return Report("completed", output=result.result(), tasks=tasks)
    except WorkflowFailureError as error:
        match error.cause:
            case ApplicationError(details=[dict() as problem, *_]):
                return Report("faulted", error=problem, tasks=tasks)
            case CancelledError():
                return Report("cancelled", tasks=tasks)
            case cause:
                return Report("faulted", error={"status": 500, "title": "Runtime error", "detail": str(cause)}, tasks=tasks)


__all__ = ["Bench", "CauceError", "RPCError", "Report", "bench"]
