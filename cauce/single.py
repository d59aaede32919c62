"""Runs one definition once: for `cauce run`, for trying a file out, and for tests of the language.

Everything is real but short-lived: a Temporal dev server (or the one at an address, on a task queue of its own), a
store in a temporary folder, and a worker in this process.
"""

import asyncio
import json
import os
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper, TimeSkippingConfig
from temporalio.worker import Worker, WorkflowRunner

from cauce import connection as connections
from cauce import contract, http, worker
from cauce import settings as environment
from cauce.coming import Coming
from cauce.contract import JSON, CompleteTask, Start
from cauce.embedded import ports, temporal_server
from cauce.embedded.child import Child
from cauce.errors import DefinitionError
from cauce.form_rules import rules_of
from cauce.services import definitions, instances
from cauce.services.hub import Actor, Hub
from cauce.services.known import known
from cauce.services.recorded import with_recorded
from cauce.services.router import Router
from cauce.serving import BUILD
from cauce.settings import Settings
from cauce.store import definitions as published
from cauce.store import tasks
from cauce.store.migrations import upgrade
from cauce.store.models import Task
from cauce.store.session import Store
from cauce.temporal import connect, register_search_attributes
from cauce.testing.watching import Sighting, Watch
from schemas import Source, kind_of, load_file
from workflows.checking import check
from workflows.checking.walk import listens
from workflows.fault import fault
from workflows.process_workflow import ProcessWorkflow
from workflows.roadmap_workflow import RoadmapWorkflow

_POLL_S: Final = 0.02
# A clock that is moved past an alarm goes on to the next one, if there is one by then; the last bit passes by itself.
_JUST_BEFORE_S: Final = 0.01
# After so many looks at an instance that does nothing its clock is moved, or it is given up.
_QUIET: Final = 2
_GIVE_UP: Final = 20
_SKIPPING: Final = [
    *["--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"],
    # The default rounds every timer up to a second of real time.
    *["--dynamic-config-value", 'history.timerProcessorMaxTimeShift="1ms"'],
]
_OWNER: Final = Actor("cauce-run", frozenset({"admin"}))
_LET_FINISH: Final = timedelta(milliseconds=200)
Status = Literal["completed", "faulted", "cancelled"]
_ended: Final[Mapping[str, Status]] = {"completed": "completed", "faulted": "faulted"}


@dataclass(frozen=True, slots=True)
class Report:
    """How a run ended: the output or the error (problem details), and every task that began, in order."""

    status: Status
    output: JSON = None
    error: JSON = None
    tasks: list[dict[str, str]] = field(default_factory=list)

    def to_json(self) -> str:
        """Return the report as one line."""
        return json.dumps(asdict(self), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Bench:
    """A place in which definitions can be run one after the other, or at the same time."""

    client: Client
    hub: Hub
    skips_time: bool = False
    watch: Watch | None = None

    async def run(
        self,
        bundle: Mapping[str, JSON],
        given: JSON,
        answers: Mapping[str, JSON] | None = None,
        events: Sequence[Mapping[str, JSON]] = (),
    ) -> Report:
        """Run a bundle; `answers` holds the answer to each human task by its name, `events` what comes."""
        handle, skipper = await self.start(bundle, Start(given, trace=True))
        return await self.finish(handle, skipper, answers or {}, events)

    async def start(
        self, bundle: Mapping[str, JSON], begin: Start
    ) -> tuple[WorkflowHandle[Any, Any], TimeSkipper | None]:
        """Start an instance; returns it, and who moves its clock when that has to be done by hand."""
        title = f"{bundle['namespace']}.{bundle['name']}"
        # Time that skips by itself would run past the answer of a person and past an event on its way; with either in
        # it, it goes alarm by alarm.
        helped = bool(bundle.get("forms")) or listens(bundle["document"])
        skipper = TimeSkipper(self.client, config=TimeSkippingConfig(enabled=not helped))
        client = skipper.client if self.skips_time else self.client
        begin = await instances.listening_from_now(self.hub, bundle, begin)
        handle: WorkflowHandle[Any, Any] = await client.start_workflow(
            title, args=[bundle, begin], id=f"{title}/{uuid.uuid4()}", task_queue=self.hub.task_queue
        )
        return handle, skipper if helped else None

    async def finish(
        self,
        handle: WorkflowHandle[Any, Any],
        skipper: TimeSkipper | None,
        answers: Mapping[str, JSON],
        events: Sequence[Mapping[str, JSON]] = (),
    ) -> Report:
        """Help an instance to its end, and report how it ended."""
        result = asyncio.create_task(handle.result())
        coming = Coming(self.hub, _OWNER, events)
        try:
            while skipper is not None and not (await asyncio.wait({result}, timeout=_POLL_S))[0]:
                if self.watch is not None and handle.id in self.watch.ended:
                    # The server does not know yet.
                    continue
                try:
                    await self._help(handle, skipper, answers, coming)
                except RPCError as error:
                    # It ended while we were about to help, or a new run has not begun yet.
                    if error.status not in {RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION}:
                        raise
            await asyncio.wait({result})
            return await _report(handle, result)
        finally:
            result.cancel()

    async def _help(
        self, handle: WorkflowHandle[Any, Any], skipper: TimeSkipper, answers: Mapping[str, JSON], coming: Coming
    ) -> None:
        """Answer the human tasks that are open and send what is to come; let time pass when nothing else can happen."""
        standing = await self._standing(handle)
        if standing is None or standing.busy or not await coming.settled():
            coming.seen = (0.0, 0)
            return
        now = await self._now(handle, standing)
        if now is None or await coming.send(standing, now):
            coming.seen = (0.0, 0)
            return
        async with self.hub.store.read() as db:
            rows = [row for each in standing.open_tasks if (row := await tasks.find_task(db, each)) is not None]
        answered = [row for row in rows if row.name in answers]
        for row in answered:
            # Of several groups that are asked, one may have ended it for the others.
            if current := await self._still_open(row.id):
                given = await self._answer(handle.id, current, answers[row.name])
                await handle.execute_update(contract.COMPLETE_TASK, given)
        alarms = [each for each in (standing.wakes_at, coming.at(standing)) if each is not None]
        quiet = coming.quiet(standing)
        if answered or quiet < _QUIET:
            return
        if self.skips_time and alarms:
            left = min(alarms) - now - _JUST_BEFORE_S
            if left > 0:
                await skipper.fast_forward(handle, timedelta(seconds=left))
        elif quiet > _GIVE_UP and not alarms and (rows or standing.listening):
            await handle.cancel()
            raise _nobody_comes(rows, standing.listening)

    async def _standing(self, handle: WorkflowHandle[Any, Any]) -> Sighting | None:
        """Return where an instance stands; None before its first step is over."""
        if self.watch is None:
            return Sighting.told(await handle.query(contract.STATE))
        return await self.watch.look(handle)

    async def _now(self, handle: WorkflowHandle[Any, Any], standing: Sighting) -> float | None:
        """Return what time it is for an instance that stands so; None while anything is on its way to it or from it."""
        described = (await handle.describe()).raw_description
        if described.HasField("pending_workflow_task"):
            return None
        if self.watch is not None and self.watch.standing.get(handle.id, standing) is not standing:
            return None
        # What the instance says is when it was last busy.
        skipped = described.workflow_extended_info
        if not skipped.HasField("time_skipping_info"):
            return time.time()
        return skipped.time_skipping_info.current_time.ToDatetime(UTC).timestamp()

    async def _still_open(self, task_id: str) -> Task | None:
        async with self.hub.store.read() as db:
            row = await tasks.find_task(db, task_id)
        return row if row is not None and row.closed_at is None else None

    async def _answer(self, instance: str, row: Task, given: JSON) -> CompleteTask:
        """Return the next answer to a task: of a list, each is given once, and the last one again and again."""
        async with self.hub.store.read() as db:
            asked = [each for each in await tasks.tasks_of_instance(db, instance) if each.name == row.name]
        turn = sum(_given(each) for each in asked)
        value = given[min(turn, len(given) - 1)] if isinstance(given, list) and given else given
        # Where several people have to answer, each answer is another person's.
        by = f"cauce-run-{len(row.answered_by) + 1}" if row.approvals else "cauce-run"
        at = datetime.now(UTC).isoformat()
        if isinstance(value, dict) and value.get("returnTo") in row.return_to:
            return CompleteTask(row.id, None, by, at, return_to=value["returnTo"], reason=value.get("reason", "-"))
        return CompleteTask(row.id, rules_of(row.form_document, row.data).settle(value), by, at)


def _given(row: Task) -> int:
    """Return how many answers were given to a task; one that nobody answered in time had its turn all the same."""
    counted = row.approvals or {}
    if "groups" not in counted:
        return len(row.answered_by) + (1 if row.closed_at else 0)
    return len(counted["groups"][counted["part"]]["answered"]) + (1 if row.state == "completed" else 0)


def _nobody_comes(rows: Sequence[Task], listening: Sequence[str]) -> DefinitionError:
    if rows:
        return DefinitionError(
            f"Nobody answers the human task '{rows[0].name}' here.",
            hint=f"Give its answer: --answer {rows[0].name}='{{…}}', or publish the definition and start it.",
        )
    return DefinitionError(
        f"Nobody sends the event that {listening[0]} waits for.",
        hint='Give it: --event \'{"type": …, "data": …}\', or publish the definition and start it.',
    )


async def run_once(
    path: Path,
    given: JSON,
    temporal: str = "local",
    answers: Mapping[str, JSON] | None = None,
    settings: Settings | None = None,
    events: Sequence[Mapping[str, JSON]] = (),
    recorded: Sequence[Path] = (),
) -> Report:
    """Run the process in a file once; what else is in the definitions folder can be called by it.

    A recording takes the place of its connection.

    Raises:
        DefinitionError: The file is not a process that can be run; the findings say why.
    """
    settings = settings or environment.load()
    source = load_file(path)
    if kind_of(source.data) != "process":
        raise DefinitionError("Only a process can be run.", hint="A process begins with `document:`.", where=str(path))
    async with empty_store() as store:
        # Publishing and looking up do not go to Temporal; so what is wrong is said before any server is started.
        hub = Hub(settings, store, await connect(settings.temporal_address, store, lazy=True))
        others = with_recorded(_others(settings.definitions_dir, source), recorded)
        await definitions.publish(hub, _OWNER, others, tolerant=True)
        findings = [f for f in check([source], await known(hub)) if f.severity == "error"]
        if findings:
            raise DefinitionError.of("The definition cannot be run", findings)
        (process,) = await definitions.publish(hub, _OWNER, [source])
        bundle = (await definitions.definition(hub, process.full_name, process.version)).bundle
        async with bench(settings, temporal, store) as place:
            return await place.run(bundle, given, answers, events)


@asynccontextmanager
async def bench(
    settings: Settings,
    temporal: str = "local",
    given: Store | None = None,
    runner: WorkflowRunner | None = None,
    options: Sequence[str] = (),
) -> AsyncIterator[Bench]:
    """Give out a bench; `temporal` is `local`, `time-skipping` or an address, `given` a store with what runs may call.

    `options` are more options of the command that starts Temporal.
    """
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(empty_store()) if given is None else given
        if temporal in {"local", "time-skipping"}:
            client = await stack.enter_async_context(server(temporal, store, settings, options))
        else:
            client = await connect(
                temporal, store, namespace=settings.temporal_namespace, limit_bytes=settings.max_payload_bytes
            )
            await register_search_attributes(client)
        # Of its own, because at an address there may be other workers, which have another store.
        queue = f"{contract.TASK_QUEUE}-run-{uuid.uuid4()}"
        router = Router()
        made = worker.parts(settings, store, router.wake)
        hub = Hub(settings, store, client, queue)
        stack.push_async_callback(http.close_sessions)
        stack.push_async_callback(made.close)
        # A sandbox keeps what runs in it to itself.
        watch = Watch()
        main = Worker(
            client,
            task_queue=queue,
            workflows=[ProcessWorkflow, RoadmapWorkflow],
            activities=[*made.local, *worker.of_roadmaps(hub)],
            interceptors=[] if runner else [watch],
            workflow_runner=runner or watch.runner,
            graceful_shutdown_timeout=_LET_FINISH,
            deployment_config=BUILD,
        )
        for each in [main, worker.run_task_worker(client, made, queue), *await _writers(client, made, store, queue)]:
            await stack.enter_async_context(each)
        await stack.enter_async_context(router.running(hub))
        yield Bench(client, hub, skips_time=temporal == "time-skipping", watch=None if runner else watch)


async def _writers(client: Client, made: worker.Parts, store: Store, queue: str) -> list[Worker]:
    async with store.read() as db:
        rows = await published.latest(db, "connection")
    return [
        Worker(
            client,
            task_queue=f"{queue}-{row.name}",
            activities=[made.operations.call_operation],
            max_concurrent_activities=connections.parse(row.document).limits.concurrency,
            graceful_shutdown_timeout=_LET_FINISH,
            deployment_config=BUILD,
        )
        for row in rows
    ]


def _others(folder: Path, source: Source) -> Sequence[Source]:
    """Read what the definitions folder holds besides the file to be run; what is wrong there is as if not there."""
    if not check([source]):
        # It needs nothing of what lies there, so nobody has to wait until that is read.
        return []
    sources, _ = definitions.load([folder]) if folder.is_dir() else ([], [])
    name = (source.data.get("document") or {}).get("name")
    others = [each for each in sources if (each.data.get("document") or {}).get("name", "") != name]
    while wrong := {f.place.file for f in check(others) if f.severity == "error" and f.place is not None}:
        others = [each for each in others if each.file not in wrong]
    return others


@asynccontextmanager
async def empty_store() -> AsyncIterator[Store]:
    """Give out a store in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="cauce-run-") as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'store.db'}"
        await asyncio.to_thread(upgrade, url)
        async with Store(url) as store:
            yield store


@asynccontextmanager
async def server(kind: str, store: Store, settings: Settings, options: Sequence[str] = ()) -> AsyncIterator[Client]:
    """Give out a client of a Temporal server that lives as long as the block; `kind` is `local` or `time-skipping`."""
    with tempfile.TemporaryDirectory(prefix="cauce-temporal-") as folder:
        port = ports.free_port()
        command = temporal_server.command(Path(folder) / "temporal.db", "default", port, None)
        log = Path(folder) / "temporal.log"
        command += [*(_SKIPPING if kind == "time-skipping" else []), *options]
        child = Child("temporal", command, os.environ, log)
        await child.start()
        try:
            await temporal_server.wait_until_ready(f"127.0.0.1:{port}", "default", log)
            yield await connect(f"127.0.0.1:{port}", store, limit_bytes=settings.max_payload_bytes)
        finally:
            await child.stop(patience_s=1)


async def _report(handle: WorkflowHandle[Any, Any], result: "asyncio.Task[JSON]") -> Report:
    state = await handle.query(contract.STATE)
    started = [
        {"name": each["name"], "reference": each["reference"], "status": _ended.get(each["status"], "cancelled")}
        for each in state["tasks"]
    ]
    try:
        return Report("completed", output=result.result(), tasks=started)
    except WorkflowFailureError as error:
        match error.cause:
            case ApplicationError(details=[dict() as problem, *_]):
                return Report("faulted", error=problem, tasks=started)
            case CancelledError():
                return Report("cancelled", tasks=started)
            case cause:
                return Report("faulted", error=fault("runtime", str(cause), instance="/").problem, tasks=started)
