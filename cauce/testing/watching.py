"""Sees what instances are at as their worker does, so that the server need not be asked again and again.

A query costs a turn of the server and of the worker; one that comes when the instance has just ended costs its whole
history once more.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from temporalio import workflow
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import WorkflowHandle
from temporalio.converter import SerializationContext, StorageDriverStoreContext
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    UnsandboxedWorkflowRunner,
    WorkflowInboundInterceptor,
    WorkflowInstance,
    WorkflowInstanceDetails,
    WorkflowInterceptorClassInput,
    WorkflowRunner,
)
from temporalio.worker._command_aware_visitor import CommandInfo

from cauce.contract import STATE
from workflows.instance import Instance
from workflows.record import state_of

JSON = Any
_NANO: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an instance held at its end; `took_s` is how much workflow time passed."""

    state: Mapping[str, JSON]
    journal: Mapping[str, JSON]
    took_s: float


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where an instance stood when its last step ended, as far as somebody has to know who helps it on.

    Attributes:
        busy: something is under way that it waits for.
        started_at: its time when it started.
        now: its time.
        wakes_at: when it goes on by itself.
        open_tasks: ids of the human tasks that wait for an answer.
        listening: references of the tasks that wait for an event.
        begun: references of the tasks that have begun and not ended.
    """

    busy: bool
    started_at: float
    now: float
    wakes_at: float | None
    open_tasks: tuple[str, ...]
    listening: tuple[str, ...]
    begun: tuple[str, ...]

    @classmethod
    def of(cls, instance: Instance, now: float) -> "Sighting":
        """Look at an instance whose step has just ended."""
        return cls(
            instance.in_flight > 0,
            instance.journal.started_at,
            now,
            min(instance.alarms, default=None),
            tuple(instance.open_tasks),
            tuple(str(each["reference"]) for each in instance.inbox.listeners.values()),
            tuple(each["reference"] for each in instance.journal.trace if each["status"] == "running"),
        )

    @classmethod
    def told(cls, state: Mapping[str, JSON]) -> "Sighting":
        """Read what the instance answers when it is asked."""
        listening = (str(each["reference"]) for each in state["listening"])
        moments = (state["startedAt"], state["now"], state["wakesAt"])
        return cls(state["busy"], *moments, tuple(state["openTasks"]), tuple(listening), tuple(state["current"]))


@dataclass(slots=True)
class Watch(Interceptor):
    """An interceptor of the worker whose workflows `runner` runs.

    Attributes:
        standing: where the instances stand, by their ids; not those that have yet to take their first step.
        lost: instances that the worker remembers no longer; they have to be asked.
        ended: what the instances held that ended.
        changed: what is set, in the loop that made this, after each step of the instance with that id.
    """

    standing: dict[str, Sighting] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    ended: dict[str, Snapshot] = field(default_factory=dict)
    changed: dict[str, asyncio.Event] = field(default_factory=dict)
    _instances: dict[str, Instance] = field(default_factory=dict)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)

    @property
    def runner(self) -> WorkflowRunner:
        """What runs the workflows."""
        return _Runner(self)

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002 (the SDK's name)
    ) -> type[WorkflowInboundInterceptor]:
        """Return what wraps every workflow."""
        del input
        watch = self

        class Keeping(WorkflowInboundInterceptor):
            async def execute_workflow(self, input: ExecuteWorkflowInput) -> JSON:  # noqa: A002 (the SDK's name)
                instance, id_ = getattr(workflow.instance(), "instance", None), workflow.info().workflow_id
                if not isinstance(instance, Instance):  # a roadmap, which nobody has to help on
                    return await super().execute_workflow(input)
                watch.begins(id_, instance)
                try:
                    return await super().execute_workflow(input)
                except workflow.ContinueAsNewError:
                    watch.begins(id_, None)
                    raise
                finally:
                    if workflow.in_workflow() and watch.has(id_, instance):
                        took = instance.runtime.time() - instance.journal.started_at
                        watch.ended[id_] = Snapshot(state_of(instance), instance.journal.to_json(), took)

        return Keeping

    def begins(self, id_: str, instance: Instance | None) -> None:
        """Note what an instance is from now on; None while it is on its way from one run to the next."""
        self.ended.pop(id_, None)
        self.standing.pop(id_, None)
        if instance is None:
            self._instances.pop(id_, None)
        else:
            self._instances[id_] = instance

    def has(self, id_: str, instance: Instance) -> bool:
        """Tell whether an instance is still the one that is watched."""
        return self._instances.get(id_) is instance

    def stepped(self, id_: str, now: float, *, remembering: bool) -> None:
        """Note that a step of an instance ended; `remembering` what it did before, it is not yet where it was."""
        instance = self._instances.get(id_)
        if instance is not None and not remembering:
            self.standing[id_] = Sighting.of(instance, now)
            self.lost.discard(id_)
        event = self.changed.get(id_)
        if event is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(event.set)

    def forgotten(self, id_: str) -> None:
        """Note that the worker remembers an instance no longer."""
        self._instances.pop(id_, None)
        self.standing.pop(id_, None)
        if id_ not in self.ended:
            self.lost.add(id_)

    async def look(self, handle: WorkflowHandle[Any, Any]) -> Sighting | None:
        """Return where an instance stands; None before its first step is over."""
        if handle.id in self.lost:
            return Sighting.told(await handle.query(STATE))
        return self.standing.get(handle.id)


class _Runner(UnsandboxedWorkflowRunner):
    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _Watched(super().create_instance(det), self._watch, det.info.workflow_id)


class _Watched(WorkflowInstance):
    """A workflow that tells the watch of each of its steps."""

    def __init__(self, inner: WorkflowInstance, watch: Watch, id_: str) -> None:
        self._inner = inner
        self._watch = watch
        self._id = id_

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        jobs = {job.WhichOneof("variant") for job in act.jobs}
        if "remove_from_cache" in jobs:
            self._watch.forgotten(self._id)
            return self._inner.activate(act)
        completion = self._inner.activate(act)
        if jobs != {"query_workflow"}:
            now = act.timestamp.seconds + act.timestamp.nanos * _NANO
            self._watch.stepped(self._id, now, remembering=act.is_replaying)
        return completion

    def get_serialization_context(self, command_info: CommandInfo | None) -> SerializationContext | None:
        return self._inner.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: CommandInfo | None) -> StorageDriverStoreContext:
        return self._inner.get_external_store_context(command_info)

    def get_info(self) -> workflow.Info:
        return self._inner.get_info()

    def get_thread_id(self) -> int | None:
        return self._inner.get_thread_id()
