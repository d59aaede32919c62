"""Listing and looking at instances: from Temporal's visibility and, while a worker is up, from the instance itself."""

import asyncio
import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from temporalio.client import WorkflowExecution, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ApplicationError

from cauce import contract
from cauce.errors import CauceError, InputError, NotFoundError
from cauce.permissions import Act, Thing
from cauce.roadmaps import ROADMAP, is_roadmap
from cauce.services import trail
from cauce.services.asking import asked
from cauce.services.hub import Actor, Hub, Role
from cauce.services.permissions import covering
from cauce.services.temporal_errors import explained
from cauce.services.waiting import call_timeout
from cauce.store import definitions, tasks

JSON = Any
most_rows = 200
_checksum_bytes = 8
# Of those that one instance has run; more are in the list of instances.
_most_parts = 1_000
# Temporal does not find these again, however they are written in a query (tried on its SQLite visibility).
unsearchable = frozenset('"\\')
readers: tuple[Role, ...] = ("designer", "integrator", "manager", "staff", "operator", "auditor")

ended = {
    WorkflowExecutionStatus.COMPLETED: "completed",
    WorkflowExecutionStatus.FAILED: "faulted",
    WorkflowExecutionStatus.TIMED_OUT: "faulted",
    WorkflowExecutionStatus.CANCELED: "cancelled",
    WorkflowExecutionStatus.TERMINATED: "cancelled",
}
# What each status of ours is in Temporal's query language.
_cancelled = f"(ExecutionStatus = 'Failed' AND {contract.STATUS} = 'cancelled')"
status_queries = {
    "open": "ExecutionStatus = 'Running'",
    "running": f"ExecutionStatus = 'Running' AND {contract.STATUS} = 'running'",
    "waiting": f"ExecutionStatus = 'Running' AND {contract.STATUS} = 'waiting'",
    "suspended": f"ExecutionStatus = 'Running' AND {contract.STATUS} = 'suspended'",
    "completed": "ExecutionStatus = 'Completed'",
    "faulted": (f"((ExecutionStatus = 'Failed' AND {contract.STATUS} != 'cancelled') OR ExecutionStatus = 'TimedOut')"),
    "cancelled": f"(ExecutionStatus = 'Canceled' OR ExecutionStatus = 'Terminated' OR {_cancelled})",
}


@dataclass(frozen=True, slots=True)
class Filters:
    """Which instances are wanted; None means any. `definition` is `namespace.name`."""

    status: str | None = None
    definition: str | None = None
    version: str | None = None
    key: str | None = None
    stage: str | None = None
    customer: str | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """An instance as a list shows it."""

    id: str
    run_id: str
    definition: str
    version: str
    key: str
    status: str
    stage: str | None
    customer: str | None
    started_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A human task of an instance, as the inbox knows it."""

    id: str
    name: str
    reference: str
    title: JSON
    state: str
    claimed_by: str | None
    due_at: datetime | None
    created_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    group: str | None
    approvals: JSON


@dataclass(frozen=True, slots=True)
class Detail:
    """All that is known of an instance; when no worker answered it is not `live`, and `state` holds less."""

    summary: Summary
    live: bool
    state: Mapping[str, JSON]
    human_tasks: tuple[OpenTask, ...]
    output: JSON = None
    problem: Mapping[str, JSON] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some instances and, when there are more, the token of the next page."""

    instances: tuple[Summary, ...] = field(default=())
    next: str | None = None


async def list_instances(
    hub: Hub, actor: Actor, filters: Filters | None = None, *, page_token: str | None = None, limit: int = 50
) -> Page:
    """Return instances, the newest first."""
    actor.require_somewhere("see instances", "see", *readers)
    rows = hub.temporal.list_workflows(
        " AND ".join([query_of(filters or Filters()), *await _shown_to(hub, actor)]),
        page_size=max(1, min(limit, most_rows)),
        next_page_token=_bytes(page_token),
        rpc_timeout=call_timeout,
    )
    with explained():
        await rows.fetch_next_page()
        page = list(rows.current_page or [])
        kept = await asyncio.gather(*(_is_last_run(hub, row) for row in page))
    token = _token(rows.next_page_token) if rows.next_page_token else None
    return Page(tuple(summary(row) for row, keep in zip(page, kept, strict=True) if keep), token)


async def look(hub: Hub, actor: Actor, instance_id: str) -> Detail:
    """Return an instance to somebody who looks at it, as `instance` does; that they saw it is kept."""
    found = await instance(hub, actor, instance_id)
    await trail.note_sight_of_instance(hub, actor, instance_id)
    return found


async def instance(hub: Hub, actor: Actor, instance_id: str) -> Detail:
    """Return an instance; without a worker, what Temporal and the inbox know of it."""
    require_sight(actor, instance_id)
    _check_process(instance_id)
    handle = hub.temporal.get_workflow_handle(instance_id)
    with explained(instance_id):
        description = await handle.describe(rpc_timeout=call_timeout)
    found = summary(description)
    async with hub.store.read() as db:
        rows = await tasks.tasks_of_instance(db, instance_id)
    # A task may be closed to who sees its instance.
    rows = [row for row in rows if not actor.decide("see", Thing.of(row.definition, row.form)).closed]
    human_tasks = tuple(
        OpenTask(
            *(row.id, row.name, row.reference, row.title, row.state, row.claimed_by),
            *(row.due_at, row.created_at, row.closed_at, row.closed_by, row.group, row.approvals),
        )
        for row in rows
    )
    state, live = await _state(hub, found)
    output, problem = await _outcome(hub, found) if found.closed_at else (None, None)
    if not live:
        waiting = [row for row in rows if row.closed_at is None]
        state = {
            "status": found.status,
            "stage": found.stage,
            "current": [row.reference for row in waiting],
            "tasks": [],
            "openTasks": [row.id for row in waiting],
        }
    state = dict(state) | ({"status": found.status} if found.closed_at else {})
    async with hub.store.read() as db:
        veil = await covering.veil_of_process(db, actor, found.definition, found.version or None)
    titles = [each.title for each in human_tasks]
    state, output, problem, titles = veil.cover(state, output, problem or state.get("problem"), titles)
    named = zip(human_tasks, titles, strict=True)
    return Detail(found, live, state, tuple(replace(each, title=title) for each, title in named), output, problem)


async def run_by(hub: Hub, actor: Actor, instance_id: str) -> list[Summary]:
    """Return the instances that one has run as sub-processes, at any depth, the first ones first; each once."""
    found: dict[str, Summary] = {}
    if not unsearchable.isdisjoint(instance_id):
        return []
    query = f"RootWorkflowId = {_quoted(instance_id)} AND ExecutionStatus != 'ContinuedAsNew'"
    with explained():
        async for row in hub.temporal.list_workflows(query, limit=_most_parts, rpc_timeout=call_timeout):
            if row.id != instance_id and sees(actor, row.id):
                found.setdefault(row.id, summary(row))
    return sorted(found.values(), key=lambda each: each.started_at)


def sees(actor: Actor, instance_id: str) -> bool:
    """Tell whether an instance is there for somebody."""
    return not actor.decide("see", Thing.of_instance(instance_id), *readers).closed


def require_sight(actor: Actor, instance_id: str) -> None:
    """Refuse who may see no instances; what is closed to somebody is not there for them."""
    thing = Thing.of_instance(instance_id)
    if actor.decide("see", thing, *readers).closed:
        raise NotFoundError(
            f"There is no instance {instance_id}.", hint="`cauce instances list` shows those there are."
        )
    actor.require_on("see instances", "see", thing, *readers)


def require_act(actor: Actor, instance_id: str, what: str, act: Act, *wanted: Role) -> None:
    """Refuse who may not do something with an instance."""
    if actor.decide("see", Thing.of_instance(instance_id)).closed:
        require_sight(actor, instance_id)
    _check_process(instance_id)
    actor.require_on(what, act, Thing.of_instance(instance_id), *wanted)


def _check_process(instance_id: str) -> None:
    """Refuse a roadmap: what it remembers, and how it ends, is for its own services to say."""
    if is_roadmap(instance_id):
        hint = "It is a roadmap: `cauce roadmap show` shows it."
        raise NotFoundError(f"There is no instance {instance_id}.", hint=hint)


async def _shown_to(hub: Hub, actor: Actor) -> list[str]:
    """Return what leaves instances out, in Temporal's query language: those of the processes closed to the actor."""
    if not actor.grants or actor.may():
        return []
    async with hub.store.read() as db:
        names = {f"{row.namespace}.{row.name}" for row in await definitions.of_kind(db, "process")}
    seen = {name for name in names if actor.decide("see", Thing.of(name), *readers).allowed}
    if actor.may(*readers):
        # Also those of processes that were never published here, but for what is closed by its namespace.
        return [f"WorkflowType != {_quoted(name)}" for name in sorted(names - seen)]
    if not seen:
        return ["WorkflowType = ''"]
    return ["(" + " OR ".join(f"WorkflowType = {_quoted(name)}" for name in sorted(seen)) + ")"]


def query_of(filters: Filters) -> str:
    """Return the filters in Temporal's query language."""
    parts = [
        f"TaskQueue = '{contract.TASK_QUEUE}'",
        f"WorkflowType != '{contract.REPEAT}'",
        f"WorkflowType != '{ROADMAP}'",
        "ExecutionStatus != 'ContinuedAsNew'",
    ]
    if filters.status:
        if filters.status not in status_queries:
            raise InputError(f"There is no status '{filters.status}'.", hint=f"Known are {', '.join(status_queries)}.")
        parts.append(status_queries[filters.status])
    wanted = {
        contract.DEFINITION: filters.definition,
        contract.VERSION: filters.version,
        contract.BUSINESS_KEY: filters.key,
        contract.STAGE: filters.stage,
        contract.CUSTOMER: filters.customer,
    }
    parts += [f"{name} = {_quoted(value)}" for name, value in wanted.items() if value]
    return " AND ".join(parts)


def summary(row: WorkflowExecution) -> Summary:
    """Return an execution of Temporal in our words."""
    attributes = {
        name: row.typed_search_attributes.get(SearchAttributeKey.for_keyword(name))
        for name in contract.SEARCH_ATTRIBUTES
    }
    status = attributes[contract.STATUS] or "running"
    if row.status in ended and not (row.status is WorkflowExecutionStatus.FAILED and status == "cancelled"):
        status = ended[row.status]
    elif row.status is WorkflowExecutionStatus.RUNNING and status not in {"waiting", "suspended"}:
        status = "running"
    return Summary(
        id=row.id,
        run_id=row.run_id,
        definition=attributes[contract.DEFINITION] or row.workflow_type,
        version=attributes[contract.VERSION] or "",
        key=attributes[contract.BUSINESS_KEY] or row.id.partition("/")[2],
        status=status,
        stage=attributes[contract.STAGE],
        customer=attributes[contract.CUSTOMER],
        started_at=row.start_time,
        closed_at=row.close_time,
    )


async def _is_last_run(hub: Hub, row: WorkflowExecution) -> bool:
    """Return whether no later run took the place of this one, as a retry does with a failed one."""
    if row.status is WorkflowExecutionStatus.RUNNING:
        return True
    last = await hub.temporal.get_workflow_handle(row.id).describe(rpc_timeout=call_timeout)
    return last.run_id == row.run_id


async def _state(hub: Hub, found: Summary) -> tuple[Mapping[str, JSON], bool]:
    handle = hub.temporal.get_workflow_handle(found.id, run_id=found.run_id)
    try:
        with explained(found.id):
            return await asked(handle, contract.STATE), True
    except CauceError:
        return {}, False


async def _outcome(hub: Hub, found: Summary) -> tuple[JSON, Mapping[str, JSON] | None]:
    """Return the output of an instance that has ended, or why it has none."""
    handle = hub.temporal.get_workflow_handle(found.id, run_id=found.run_id)
    with explained(found.id):
        try:
            return await handle.result(follow_runs=False, rpc_timeout=call_timeout), None
        except WorkflowFailureError as error:
            return None, _problem(error.cause, found)


def _problem(error: BaseException, found: Summary) -> Mapping[str, JSON] | None:
    if isinstance(error, ApplicationError) and error.details and isinstance(error.details[0], dict):
        return error.details[0]
    return None if found.status == "cancelled" else {"title": "The instance failed", "detail": str(error)}


def _quoted(value: str) -> str:
    if not unsearchable.isdisjoint(value):
        raise InputError('A filter cannot hold " or \\.', hint="Leave it out.")
    return "'" + value.replace("'", "''") + "'"


def _token(place: bytes) -> str:
    """Return a page token of Temporal as text, with a checksum: Temporal would try for long to read a wrong one."""
    return base64.urlsafe_b64encode(_checksum(place) + place).decode()


def _bytes(token: str | None) -> bytes | None:
    if not token:
        return None
    try:
        whole = base64.urlsafe_b64decode(token)
    except (ValueError, binascii.Error):
        whole = b""
    place = whole[_checksum_bytes:]
    if not place or whole[:_checksum_bytes] != _checksum(place):
        raise InputError("The page token is not one that Cauce gave out.", hint="Start at the first page.")
    return place


def _checksum(place: bytes) -> bytes:
    return hashlib.sha256(place).digest()[:_checksum_bytes]
