"""The worker: runs instances, and the activities of the connections it finds published."""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from temporalio.client import Client
from temporalio.worker import PollerBehaviorAutoscaling, UnsandboxedWorkflowRunner, Worker

from activities.a2a import A2aActivities
from activities.asyncapi import AsyncApiActivities
from activities.by_hand import ByHandActivities
from activities.clocks import ClockActivities
from activities.connections import Connections
from activities.definitions import DefinitionActivities
from activities.events import EventActivities
from activities.grpc import GrpcActivities
from activities.http import HttpActivities
from activities.human_tasks import HumanTaskActivities
from activities.letters import LetterActivities
from activities.lifecycle import LifecycleActivities
from activities.mcp import McpActivities
from activities.operation import OperationActivities
from activities.processes.containers import Engine
from activities.processes.supervisor import Limits
from activities.roadmaps import RoadmapActivities
from activities.run import Rules, RunActivities
from activities.syncs.run import SyncActivities
from cauce.authentication import Authenticator
from cauce.contract import TASK_QUEUE, run_queue
from cauce.errors import TransientError
from cauce.http import close_sessions, policy_of
from cauce.memory import collect_rarely, share_arenas
from cauce.secrets import Resolver
from cauce.services import alerting, monitoring, schedules, sinks
from cauce.services.hub import Hub
from cauce.services.mails import outbox
from cauce.services.roadmaps import telling
from cauce.services.roadmaps.evidence import EvidenceActivities
from cauce.services.roadmaps.processes import RoadmapProcesses
from cauce.services.router import Router
from cauce.services.upkeep import Upkeep, upkeep_worker
from cauce.serving import BUILD, HEARD, LET_FINISH, Serving, serves_of
from cauce.settings import Settings
from cauce.store.session import Store
from cauce.temporal import connect, register_search_attributes
from workflows.process_workflow import ProcessWorkflow
from workflows.repeat_workflow import RepeatWorkflow
from workflows.roadmap_workflow import RoadmapWorkflow
from workflows.sync_workflow import SyncDueWorkflow, SyncWorkflow

_LOOK_AGAIN_S: Final = 2.0
_LOOK_CLOSELY_S: Final = 300.0
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Parts:
    """What a worker does, ready to be registered."""

    operations: OperationActivities
    local: list[Callable[..., Any]]
    connections: Connections
    processes: RunActivities
    syncs: SyncActivities

    async def close(self) -> None:
        """End and close what is still open."""
        await self.processes.close()
        await self.connections.close()


def parts(
    settings: Settings, store: Store, emitted: Callable[[], None], begun: Callable[[], None] = lambda: None
) -> Parts:
    """Put the activities of one worker together; it is told when an event was emitted and when a sync has begun."""
    resolver = Resolver(settings.secrets_dir, settings.data_dir / "settings.json")
    opened = Connections(store, resolver)
    operations = OperationActivities(store, opened, serves_of(settings))
    human_tasks = HumanTaskActivities(store)
    syncs = SyncActivities(store, opened, begun=begun)
    authenticator = Authenticator(policy_of(settings))
    http = HttpActivities(resolver, authenticator)
    return Parts(
        operations,
        [
            operations.call_operation,
            http.call_http,
            A2aActivities(resolver, authenticator).call_a2a,
            AsyncApiActivities(resolver, authenticator).call_asyncapi,
            GrpcActivities(resolver, authenticator, settings.plaintext_hosts).call_grpc,
            McpActivities(resolver, authenticator, settings.allowed_programs).call_mcp,
            human_tasks.open_task,
            human_tasks.change_task,
            human_tasks.close_task,
            human_tasks.find_policy,
            human_tasks.settle,
            ByHandActivities(store).record_by_hand,
            DefinitionActivities(store).find_definition,
            *letters_of(LetterActivities(store)),
            *events_of(EventActivities(store, emitted)),
            LifecycleActivities(store).record_lifecycle,
            ClockActivities(store).record_clocks,
            RoadmapActivities(store).record_roadmap,
            syncs.begin,
            # For runs that began before they had a queue of their own.
            syncs.batch,
        ],
        opened,
        RunActivities(resolver, rules(settings)),
        syncs,
    )


def of_roadmaps(hub: Hub) -> list[Callable[..., Any]]:
    """Return what roadmaps ask of the running system."""
    evidence, processes = EvidenceActivities(hub), RoadmapProcesses(hub)
    return [evidence.roadmap_evidence, evidence.roadmap_metrics, processes.roadmap_process, processes.roadmap_look]


def rules(settings: Settings) -> Rules:
    """Return what processes of `run` tasks may be and use."""
    return Rules(
        allowed=settings.allow_run,
        unconfined=settings.allow_run_unconfined,
        limits=Limits(
            seconds=settings.run_seconds,
            cpu_s=settings.run_cpu_seconds,
            memory_mb=settings.run_memory_mb,
            files_mb=settings.run_files_mb,
            processes=settings.run_processes,
            output_bytes=settings.run_output_bytes,
        ),
        concurrency=settings.run_concurrency,
        python=settings.run_python,
        node=settings.run_node,
        engine=Engine(settings.run_container_engine, settings.run_container_network, settings.run_container_volumes),
    )


def events_of(activities: EventActivities) -> list[Callable[..., Any]]:
    """Return the activities behind `emit` and `listen`."""
    return [activities.emit, activities.listen, activities.stop_listening, activities.events_position]


def letters_of(activities: LetterActivities) -> list[Callable[..., Any]]:
    """Return the activities behind `render` and `notify`."""
    return [activities.render, activities.notify]


def process_worker(client: Client, activities: Sequence[Callable[..., Any]]) -> Worker:
    """Return the worker of the processes, with the activities that run beside them.

    Workflows run unsandboxed: import-linter keeps from them what the sandbox would, at no cost per instance.
    """
    return Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[ProcessWorkflow, RepeatWorkflow, RoadmapWorkflow, SyncWorkflow, SyncDueWorkflow],
        activities=activities,
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=2_000,
        max_concurrent_workflow_tasks=200,
        max_concurrent_activities=200,
        max_concurrent_local_activities=200,
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(minimum=2, maximum=20, initial=5),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(minimum=1, maximum=10, initial=2),
        max_heartbeat_throttle_interval=HEARD,
        # What a killed worker remembers is looked for elsewhere after this; a busy one only has to replay.
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=4),
        graceful_shutdown_timeout=LET_FINISH,
        deployment_config=BUILD,
    )


def run_task_worker(client: Client, parts: Parts, queue: str = TASK_QUEUE) -> Worker:
    """Return the worker of the processes that `run` tasks start; they keep nothing else waiting."""
    return Worker(
        client,
        task_queue=run_queue(queue),
        activities=[parts.processes.run_process],
        max_concurrent_activities=parts.processes.rules.concurrency,
        activity_task_poller_behavior=PollerBehaviorAutoscaling(minimum=1, maximum=2, initial=1),
        # Processes do not get to finish: the longest takes longer than a worker may take to stop.
        graceful_shutdown_timeout=timedelta(),
        deployment_config=BUILD,
    )


async def run_worker(settings: Settings, *, stop: asyncio.Event, ready: Callable[[], None] | None = None) -> None:
    """Run a worker until `stop` is set; `ready` is called when it has begun to poll."""
    share_arenas()
    collect_rarely()
    async with Store(settings.store_url) as store, AsyncExitStack() as running:
        client = await connect(
            settings.temporal_address,
            store,
            namespace=settings.temporal_namespace,
            limit_bytes=settings.max_payload_bytes,
        )
        await register_search_attributes(client)
        router = Router()
        begun = asyncio.Event()
        made = parts(settings, store, router.wake, begun.set)
        serves = serves_of(settings)
        running.push_async_callback(close_sessions)
        running.push_async_callback(made.close)
        meter = made.connections.meter
        await running.enter_async_context(monitoring.handing_over(store, meter))
        local = [*made.local, *of_roadmaps(Hub(settings, store, client))]
        await running.enter_async_context(process_worker(client, local))
        await running.enter_async_context(run_task_worker(client, made))
        await running.enter_async_context(router.running(Hub(settings, store, client)))
        await running.enter_async_context(sinks.sending(Hub(settings, store, client), meter))
        await running.enter_async_context(upkeep_worker(Hub(settings, store, client), BUILD))
        await running.enter_async_context(alerting.watching(Hub(settings, store, client)))
        serving = await running.enter_async_context(
            Serving(client, store, made.operations.call_operation, made.syncs.batch, serves)
        )
        await serving.look()
        keeper = Keeper(Hub(settings, store, client), Upkeep(Hub(settings, store, client)))
        await keeper.look()
        log.info("worker is ready")
        if ready is not None:
            ready()
        while not await _stopped(stop, begun):
            # A sync that has begun may be the first one that writes to its connection.
            begun.clear()
            await serving.look()
            await keeper.look()


async def _stopped(stop: asyncio.Event, again: asyncio.Event) -> bool:
    """Wait until it is time to look again, and return whether it is time to stop."""
    waiting = [asyncio.create_task(each.wait()) for each in (stop, again)]
    try:
        await asyncio.wait(waiting, timeout=_LOOK_AGAIN_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
    return stop.is_set()


@dataclass(slots=True)
class Keeper:
    """Keeps Temporal's schedules as the store asks for, with a close look at the start and then now and again."""

    hub: Hub
    upkeep: Upkeep
    looked_closely: float = -math.inf

    async def look(self) -> None:
        """Look for what has changed."""
        thorough = time.monotonic() - self.looked_closely > _LOOK_CLOSELY_S
        try:
            await schedules.reconcile(self.hub, thorough=thorough, serves=serves_of(self.hub.settings))
            await self.upkeep.look(thorough=thorough)
            await outbox.look(self.hub)
            await telling.look(self.hub, thorough=thorough)
        except TransientError as error:
            log.warning("schedules and mails could not be looked after: %s", error.problem)
            return
        if thorough:
            self.looked_closely = time.monotonic()
