"""Starts the processes that do activities of roadmaps, each once: the same request finds what it started before."""

from collections.abc import Sequence
from typing import Final

from temporalio import activity
from temporalio.client import WorkflowExecutionStatus

from cauce.contract import Start
from cauce.errors import ConflictError, DefinitionError, ExpressionError, InputError, NotFoundError
from cauce.roadmaps import ROADMAP_LOOK, ROADMAP_PROCESS, ProcessEnded, ProcessStarted, StartProcess
from cauce.services import definitions, instances
from cauce.services.hub import Hub
from cauce.services.roadmaps import process_inputs
from cauce.store import audit

_BY: Final = "cauce"
_SILENT: Final = (WorkflowExecutionStatus.TERMINATED, WorkflowExecutionStatus.TIMED_OUT)


async def start(hub: Hub, wanted: StartProcess) -> ProcessStarted:
    """Start a process in its latest version, with the roadmap as what runs it; a reason not to is an answer as well."""
    instance = f"{wanted.process}/{wanted.key}"
    try:
        process = await definitions.definition(hub, wanted.process)
        if not process.active:
            return ProcessStarted(problem=f"There is no active version of {wanted.process}.")
        given = await process_inputs.filled(hub, wanted)
        instances.check_input(process.document, given)
    except (NotFoundError, InputError, DefinitionError, ExpressionError) as error:
        return ProcessStarted(problem=error.problem)
    begin = Start(input=given, key=wanted.key, ancestors=[wanted.roadmap])
    memo = {instances.memo_event: wanted.roadmap}
    try:
        await instances.launch(hub, process.bundle, begin, again=False, memo=memo)
    except ConflictError as error:
        if await instances.started_by(hub, instance, wanted.roadmap) is None:
            return ProcessStarted(problem=error.problem)
        return ProcessStarted(process.version)
    async with hub.store.transaction() as db:
        said = {"version": process.version, "roadmap": wanted.roadmap}
        await audit.append(db, _BY, "instance.start", instance, said)
    return ProcessStarted(process.version)


async def look(hub: Hub, known: Sequence[str]) -> list[ProcessEnded]:
    """Return which instances have ended without a word, because they were terminated or ran out of time.

    All others tell their end themselves.
    """
    found = []
    for instance in known:
        try:
            status = (await instances.describe(hub, instance)).status
        except NotFoundError:
            found.append(ProcessEnded(instance, "cancelled", reason="There is no such instance any more."))
            continue
        if status in _SILENT:
            found.append(ProcessEnded(instance, "cancelled", reason="The instance was terminated."))
    return found


class RoadmapProcesses:
    """The activities by which a roadmap starts processes and looks at them; a second start starts nothing."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    @activity.defn(name=ROADMAP_PROCESS)
    async def roadmap_process(self, wanted: StartProcess) -> ProcessStarted:
        """Start the process of an activity."""
        return await start(self.hub, wanted)

    @activity.defn(name=ROADMAP_LOOK)
    async def roadmap_look(self, known: list[str]) -> list[ProcessEnded]:
        """Look for ends that nobody told of."""
        return await look(self.hub, known)
