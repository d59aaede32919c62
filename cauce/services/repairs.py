"""What an operator repairs of an instance: skips a task, has it begin again, or gives it another context."""

from dataclasses import dataclass
from typing import Any, Final

from temporalio.client import WorkflowHandle

from cauce import contract
from cauce.contract import Repair, Start
from cauce.depth import check_entered
from cauce.errors import ConflictError
from cauce.services import definitions
from cauce.services.hub import Actor, Hub
from cauce.services.instances import describe, launch
from cauce.services.temporal_errors import explained
from cauce.services.visibility import Summary, require_act, summary
from cauce.services.waiting import update_timeout
from cauce.store import audit, dead_letters
from cauce.store.base import utc_now
from workflows.journal import Journal
from workflows.repair import repair

JSON = Any


class Nothing:
    """Stands for data that was not given, because null is data as well."""


nothing: Final = Nothing()


@dataclass(frozen=True, slots=True)
class Repaired:
    """An instance that goes on after a repair; `path` is the task that it was about."""

    id: str
    path: str


async def skip(
    hub: Hub, actor: Actor, instance_id: str, path: str = "", output: JSON = None, context: JSON = nothing
) -> Repaired:
    """Count an open or failed task as done, with this output; without a path, the only one there is."""
    return await _repair(hub, actor, instance_id, _wanted("skip", path, output, context))


async def reset(
    hub: Hub, actor: Actor, instance_id: str, path: str, data: JSON = nothing, context: JSON = nothing
) -> Repaired:
    """Let an instance begin again at a task: what came of it and of those after it is forgotten, not undone."""
    return await _repair(hub, actor, instance_id, _wanted("reset", path, data, context))


async def edit_context(hub: Hub, actor: Actor, instance_id: str, context: JSON) -> Repaired:
    """Give an instance another context; one that has failed goes on with it from where it stopped."""
    return await _repair(hub, actor, instance_id, _wanted("context", "", nothing, context))


def _wanted(action: str, path: str, value: JSON, context: JSON) -> Repair:
    given = {"value": value, "context": context}
    for name, data in given.items():
        if data is not nothing:
            check_entered(data, name)
    return Repair(
        action,
        path,
        value=None if value is nothing else value,
        with_value=value is not nothing,
        context=None if context is nothing else context,
        with_context=context is not nothing,
    )


async def _repair(hub: Hub, actor: Actor, instance_id: str, wanted: Repair) -> Repaired:
    require_act(actor, instance_id, "repair instances", "operate", "operator")
    asked, found = utc_now(), summary(await describe(hub, instance_id))
    handle: WorkflowHandle[Any, Any] = hub.temporal.get_workflow_handle(found.id, run_id=found.run_id)
    if not found.closed_at:
        with explained(instance_id):
            path = await handle.execute_update(contract.REPAIR, wanted, result_type=str, rpc_timeout=update_timeout)
    elif found.status == "faulted":
        path = await _go_on(hub, handle, found, wanted)
    else:
        raise ConflictError(
            f"Instance {instance_id} is {found.status}.", hint="Only one that is open or has failed can be repaired."
        )
    async with hub.store.transaction() as db:
        data = {"path": path, "context": wanted.with_context}
        await dead_letters.close_calls(db, instance_id, "replayed", actor.name, before=asked, reason=wanted.action)
        await audit.append(db, actor.name, f"instance.{wanted.action}", instance_id, data)
    return Repaired(instance_id, path)


async def _go_on(hub: Hub, handle: WorkflowHandle[Any, Any], found: Summary, wanted: Repair) -> str:
    """Start an instance that has failed again, from its journal as the repair leaves it."""
    with explained(found.id):
        journal = Journal.from_json(await handle.query(contract.JOURNAL, rpc_timeout=update_timeout))
    path = repair(journal, wanted)
    bundle = (await definitions.definition(hub, found.definition, found.version)).bundle
    await launch(hub, bundle, Start(key=found.key, journal=journal.to_json()))
    return path
