"""Starting instances, and what an operator does with one: cancel, suspend, resume, retry."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from temporalio.client import WorkflowExecutionDescription, WorkflowExecutionStatus, WorkflowHandle
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)

from cauce import contract
from cauce.contract import Start
from cauce.depth import check_entered
from cauce.errors import ConflictError, InputError, NotFoundError
from cauce.permissions import Thing
from cauce.services import definitions
from cauce.services.hub import Actor, Hub, Role
from cauce.services.temporal_errors import explained
from cauce.services.visibility import (
    Detail,
    Filters,
    Page,
    Summary,
    instance,
    list_instances,
    require_act,
    summary,
    unsearchable,
)
from cauce.services.waiting import call_timeout, update_timeout
from cauce.store import audit, dead_letters, events
from cauce.store.base import utc_now
from schemas import validate_data
from workflows.checking.walk import listens

__all__ = [
    "Detail",
    "Filters",
    "InstanceRef",
    "Page",
    "Summary",
    "cancel",
    "instance",
    "list_instances",
    "resume",
    "retry",
    "start",
    "suspend",
]

JSON = Any
starters: tuple[Role, ...] = ("staff", "manager", "operator", "designer", "integrator")
longest_key = 200
memo_event = "event"


@dataclass(frozen=True, slots=True)
class InstanceRef:
    """An instance that was started."""

    id: str
    run_id: str
    definition: str
    version: str
    key: str


async def start(
    hub: Hub,
    actor: Actor,
    name: str,
    data: JSON,
    *,
    version: str | None = None,
    key: str | None = None,
    again: bool = True,
) -> InstanceRef:
    """Start an instance of a published process; the latest version unless one is named.

    Without `again` a key is good for one instance, even when that has ended.

    Raises InputError when the input does not fit the process, ConflictError when an instance with this business key is
    running.
    """
    actor.require_somewhere("start instances", "start", *starters)
    process = await definitions.shown(hub, actor, name, version)
    actor.require_on("start this process", "start", Thing.of(process.full_name), *starters)
    if not process.active:
        raise ConflictError(
            f"Version {process.version} of {process.full_name} is retired.", hint="Start the latest, or restore it."
        )
    check_input(process.document, data)
    key = business_key(key)
    started = await launch(hub, process.bundle, Start(input=data, key=key), again=again)
    async with hub.store.transaction() as db:
        await audit.append(db, actor.name, "instance.start", started.id, {"version": started.version})
    return started


async def launch(
    hub: Hub,
    bundle: JSON,
    begin: Start,
    *,
    status: str = "running",
    again: bool = True,
    memo: Mapping[str, JSON] | None = None,
) -> InstanceRef:
    """Start the workflow of an instance, under the names that the whole hub relies on.

    With `again` the id may be that of an instance which has ended; never that of one which runs.
    """
    begin = await listening_from_now(hub, bundle, begin)
    title = f"{bundle['namespace']}.{bundle['name']}"
    begin = replace(begin, lifecycle=hub.settings.lifecycle_events, shows_status=True)
    instance_id = f"{title}/{begin.key}"
    attributes = {
        contract.DEFINITION: title,
        contract.VERSION: bundle["version"],
        contract.BUSINESS_KEY: begin.key,
        contract.STATUS: status,
    }
    with explained(instance_id):
        handle: WorkflowHandle[Any, Any] = await hub.temporal.start_workflow(
            title,
            args=[bundle, begin],
            id=instance_id,
            task_queue=hub.task_queue,
            # Saves a round trip when a worker shares this process, and costs nothing when none does.
            request_eager_start=True,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE if again else WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            memo=memo,
            search_attributes=TypedSearchAttributes(
                [SearchAttributePair(SearchAttributeKey.for_keyword(k), v) for k, v in attributes.items()]
            ),
            rpc_timeout=call_timeout,
        )
    return InstanceRef(instance_id, handle.result_run_id or "", title, bundle["version"], begin.key)


async def listening_from_now(hub: Hub, bundle: JSON, begin: Start) -> Start:
    """Return the start of an instance with the place in the event log where its events begin, if it listens to any.

    It is read before the instance is there, so that what is sent as soon as it is counts as sent to it.
    """
    if begin.events_after is not None or begin.journal is not None or not listens(bundle["document"]):
        return begin
    async with hub.store.read() as db:
        return replace(begin, events_after=await events.position(db))


def check_input(document: JSON, data: JSON) -> None:
    """Raise InputError when data does not fit the `input.schema` of a process, TooLargeError when it nests too deep."""
    check_entered(data, "input")
    schema = (document.get("input") or {}).get("schema")
    if schema is not None:
        validate_data(schema.get("document", schema), data, where="input")


async def cancel(hub: Hub, actor: Actor, instance_id: str) -> None:
    """End an instance: what it did is undone, newest first; one that has failed is undone from where it failed."""
    require_act(actor, instance_id, "cancel instances", "operate", "operator")
    asked, found = utc_now(), await _described(hub, instance_id)
    if found.status == "faulted":
        begin = await _from_journal(hub, found)
        await launch(hub, await _bundle(hub, found), replace(begin, cancelling=True), status="cancelled")
    elif found.closed_at:
        raise _ended(found)
    else:
        with explained(instance_id):
            await hub.temporal.get_workflow_handle(instance_id).cancel(rpc_timeout=call_timeout)
    async with hub.store.transaction() as db:
        reason = "The instance was cancelled."
        await dead_letters.close_calls(db, instance_id, "dropped", actor.name, before=asked, reason=reason)
        await audit.append(db, actor.name, "instance.cancel", instance_id)


async def suspend(hub: Hub, actor: Actor, instance_id: str) -> None:
    """Let no further task of an instance begin; what is in flight goes on."""
    require_act(actor, instance_id, "suspend instances", "operate", "operator")
    await _signal(hub, instance_id, contract.SUSPEND)
    await _audit(hub, actor, "instance.suspend", instance_id)


async def resume(hub: Hub, actor: Actor, instance_id: str) -> None:
    """Let the tasks of a suspended instance begin again."""
    require_act(actor, instance_id, "resume instances", "operate", "operator")
    await _signal(hub, instance_id, contract.RESUME)
    await _audit(hub, actor, "instance.resume", instance_id)


async def retry(hub: Hub, actor: Actor, instance_id: str) -> InstanceRef:
    """Start a failed instance again where it stopped, on the version that it ran on."""
    require_act(actor, instance_id, "retry instances", "operate", "operator")
    found = await _described(hub, instance_id)
    if not found.closed_at:
        raise ConflictError(
            f"Instance {instance_id} is {found.status}.", hint="Only one that has failed can be retried."
        )
    if found.status == "completed":
        raise _ended(found)
    if found.status == "cancelled":
        raise ConflictError(
            f"Instance {instance_id} was cancelled, and what it had done was undone.", hint="Start a new one."
        )
    asked = utc_now()
    started = await launch(hub, await _bundle(hub, found), await _from_journal(hub, found))
    async with hub.store.transaction() as db:
        await dead_letters.close_calls(db, instance_id, "replayed", actor.name, before=asked)
        await audit.append(db, actor.name, "instance.retry", instance_id)
    return started


async def describe(hub: Hub, instance_id: str) -> WorkflowExecutionDescription:
    """Return what Temporal knows of the last run of an instance."""
    with explained(instance_id):
        return await hub.temporal.get_workflow_handle(instance_id).describe(rpc_timeout=call_timeout)


async def _described(hub: Hub, instance_id: str) -> Summary:
    return summary(await describe(hub, instance_id))


async def _from_journal(hub: Hub, found: Summary) -> Start:
    """Return what starts an instance again where its last run stopped."""
    handle = hub.temporal.get_workflow_handle(found.id, run_id=found.run_id)
    with explained(found.id):
        journal = await handle.query(contract.JOURNAL, rpc_timeout=update_timeout)
    return Start(key=found.key, journal=journal)


async def _bundle(hub: Hub, found: Summary) -> JSON:
    return (await definitions.definition(hub, found.definition, found.version)).bundle


async def _signal(hub: Hub, instance_id: str, name: str) -> None:
    handle = hub.temporal.get_workflow_handle(instance_id)
    with explained(instance_id):
        # A signal to an id whose last run has ended is refused by Temporal, and `explained` says so.
        await handle.signal(name, rpc_timeout=call_timeout)


async def _audit(hub: Hub, actor: Actor, action: str, instance_id: str) -> None:
    async with hub.store.transaction() as db:
        await audit.append(db, actor.name, action, instance_id)


def business_key(key: str | None) -> str:
    """Return the key an instance is started under: the one given, without spaces around it, or a new one."""
    if key is None or not key.strip():
        return str(uuid4())
    if len(key) > longest_key or not key.isprintable() or not unsearchable.isdisjoint(key):
        raise InputError(
            f'A business key has at most {longest_key} characters, all printable, and neither " nor \\.',
            hint="Use the number under which people know the case.",
        )
    return key.strip()


def _ended(found: Summary) -> ConflictError:
    return ConflictError(f"Instance {found.id} is {found.status} already.", hint="There is nothing left to do.")


async def started_by(hub: Hub, instance_id: str, event: str) -> WorkflowExecutionStatus | None:
    """Return the status of the last run of an instance when it was started by this event, else None."""
    try:
        description = await describe(hub, instance_id)
    except NotFoundError:
        return None
    return description.status if (await description.memo()).get(memo_event) == event else None
