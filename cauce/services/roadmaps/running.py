"""Roadmaps that run: started, looked at, and acted on by those who may."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import uuid4

from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from cauce import contract, roadmaps
from cauce.calendars import pinned
from cauce.errors import InputError, NotFoundError
from cauce.permissions import Thing
from cauce.roadmaps import Done, Request, RoadmapStart
from cauce.services import definitions
from cauce.services.asking import asked
from cauce.services.hub import Actor, Hub, Role
from cauce.services.instances import business_key
from cauce.services.roadmaps import rights
from cauce.services.roadmaps.plans import readers
from cauce.services.roadmaps.taking_over import taken_over
from cauce.services.temporal_errors import explained
from cauce.services.waiting import call_timeout, update_timeout
from cauce.store import attachments, audit
from cauce.store import roadmaps as stored
from cauce.store.models import RoadmapRun
from cauce.store.session import Db
from workflows.roadmap.model import Actual

JSON = Any
starters: Final[tuple[Role, ...]] = ("manager", "designer")
most_rows: Final = 200


@dataclass(frozen=True, slots=True)
class RunView:
    """A roadmap that runs or ran; `light` is how its last month was, `done` of `steps` are behind it."""

    id: str
    roadmap: str
    key: str
    version: str
    title: JSON
    state: str
    start: date
    finish: date
    baseline_finish: date
    light: str
    phase: str
    done: int
    steps: int
    risks: list[str]
    event: int
    by: str
    begun_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class StepView:
    """An activity or a gate; `may_act` says whether who looks at it may report on it, or decide it.

    `process` is what does it: {process, instance, round, state}, with its version, and how it ended.
    """

    id: str
    kind: str
    phase: str
    wave: str
    title: JSON
    pillar: str
    owner: str
    approvers: list[str]
    state: str
    start: date | None
    finish: date | None
    started: date | None
    finished: date | None
    baseline_start: date | None
    baseline_finish: date | None
    total_float: int
    critical: bool
    percent: float | None
    budget: str
    spent: str
    process: JSON
    may_act: bool


@dataclass(frozen=True, slots=True)
class RunDetail:
    """A roadmap with its activities and gates, and what who looks at it may do with the whole."""

    run: RunView
    steps: list[StepView]
    owners: dict[str, dict[str, str]]
    may_plan: bool


@dataclass(frozen=True, slots=True)
class EventView:
    """One thing that happened."""

    number: int
    kind: str
    at: datetime
    by: str
    about: str
    data: JSON


@dataclass(frozen=True, slots=True)
class DecisionView:
    """What was decided at a gate, with the evidence of that moment."""

    number: int
    gate: str
    round: int
    outcome: str
    by: str
    at: datetime
    evidence: JSON


@dataclass(frozen=True, slots=True)
class BaselineView:
    """A plan that was kept: [first day, last day] by activity."""

    number: int
    at: datetime
    by: str
    reason: str
    finish: date
    budget: str
    plan: JSON


async def start(
    hub: Hub,
    actor: Actor,
    name: str,
    *,
    key: str | None = None,
    day: date | None = None,
    version: str | None = None,
    happened: Mapping[str, Actual] | None = None,
) -> RunView:
    """Start a published roadmap, from its own first day unless another is given.

    With `happened` one that is under way is taken over: what was done before, gates among it, as plans take it.

    Raises:
        ConflictError: One with this key runs or ran.
    """
    thing = Thing.of(roadmaps.roadmap_definition(name))
    actor.require_on("start roadmaps", "start", thing, *starters)
    if key and "/" in key:
        raise InputError("The key of a roadmap has no /.", hint="Use a year, or a name of the project.")
    found = await definitions.definition(hub, name, version, kind="roadmap")
    first = day or _written_start(found.document) or datetime.now(UTC).date()
    given = RoadmapStart(
        roadmap=name,
        key=business_key(key or str(first.year)),
        version=found.version,
        document=found.document,
        calendar=await calendar_of(hub, found.document, first),
        start=first.isoformat(),
        by=actor.name,
    )
    if happened:
        given = replace(given, happened=taken_over(given, happened, datetime.now(UTC).date()))
    identity = await _started(hub, given)
    async with hub.store.transaction() as db:
        await audit.append(db, actor.name, "roadmap.start", identity, {"version": found.version})
        return _view(await _found(db, actor, identity))


async def _started(hub: Hub, given: RoadmapStart) -> str:
    """Start the workflow and return its id; when this returns it is in the lists."""
    identity = roadmaps.roadmap_id(given.roadmap, given.key)
    with explained(identity):
        handle = await hub.temporal.start_workflow(
            roadmaps.ROADMAP,
            given,
            id=identity,
            task_queue=hub.task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            rpc_timeout=call_timeout,
        )
        await handle.execute_update(roadmaps.BEGIN, rpc_timeout=update_timeout)
    return identity


async def calendar_of(hub: Hub, document: JSON, first: date) -> JSON:
    """Return the calendar of a roadmap as it is pinned at its start, None when it has none."""
    if "calendar" not in document:
        return None
    found = await definitions.definition(hub, document["calendar"], kind="calendar")
    return pinned(found.document, first)


async def list_running(
    hub: Hub, actor: Actor, *, state: str | None = None, roadmap: str | None = None
) -> list[RunView]:
    """Return the roadmaps that run or ran, those that run first."""
    actor.require_somewhere("see roadmaps", "see", *readers)
    async with hub.store.read() as db:
        rows = await stored.listed(db, state=state, roadmap=roadmap, sight=actor.sight, limit=most_rows)
    return [_view(row) for row in rows if rights.may_see(actor, row)]


async def running(hub: Hub, actor: Actor, identity: str) -> RunDetail:
    """Return one roadmap with its activities and gates."""
    async with hub.store.read() as db:
        row = await _found(db, actor, identity)
        found = await stored.steps(db, identity)
    steps = [_copied(StepView, each, may_act=rights.may_work(actor, row, each)) for each in found]
    return RunDetail(_view(row), steps, row.owners, rights.may_plan(actor, row))


async def act(hub: Hub, actor: Actor, identity: str, request: Request) -> Done:
    """Do something with a roadmap; when this returns it has happened, and the lists show it.

    Raises:
        ForbiddenError: The actor may not.
        ConflictError: It cannot be done now, and says why.
    """
    async with hub.store.read() as db:
        row = await _found(db, actor, identity)
        await rights.check(db, actor, row, request, await _document(hub, row))
        await _check_files(db, identity, request)
    request = replace(request, by=actor.name)
    name = roadmaps.UPDATES[type(request)]
    with explained(identity):
        handle = hub.temporal.get_workflow_handle(identity)
        done: Done = await handle.execute_update(
            name, request, id=str(uuid4()), result_type=Done, rpc_timeout=update_timeout
        )
    async with hub.store.transaction() as db:
        await audit.append(db, actor.name, f"roadmap.{name}", identity, {"event": done.event})
    return done


async def history(
    hub: Hub, actor: Actor, identity: str, *, after: int = 0, kinds: Collection[str] = (), limit: int = most_rows
) -> list[EventView]:
    """Return what happened to a roadmap behind the number of an event, in order."""
    async with hub.store.read() as db:
        await _found(db, actor, identity)
        rows = await stored.events(db, identity, after=after, kinds=kinds, limit=max(1, min(limit, most_rows)))
    return [_copied(EventView, each) for each in rows]


async def decisions(hub: Hub, actor: Actor, identity: str) -> list[DecisionView]:
    """Return what was decided at the gates of a roadmap, with the evidence of each moment."""
    async with hub.store.read() as db:
        await _found(db, actor, identity)
        return [_copied(DecisionView, each) for each in await stored.decisions(db, identity)]


async def baselines(hub: Hub, actor: Actor, identity: str) -> list[BaselineView]:
    """Return the plans that were kept of a roadmap, the first one first."""
    async with hub.store.read() as db:
        await _found(db, actor, identity)
        return [_copied(BaselineView, each) for each in await stored.baselines(db, identity)]


async def journal(hub: Hub, actor: Actor, identity: str) -> JSON:
    """Return all that a roadmap remembers, as its workflow has it (`workflows.roadmap.running.journal.Journal`).

    Of one that has ended the store has it, so that its last run is not gone through again, and need not be there.
    """
    async with hub.store.read() as db:
        row = await _found(db, actor, identity)
        kept = await stored.journal(db, identity) if row.state != "running" else None
    if kept is not None:
        return kept
    with explained(identity):
        handle = hub.temporal.get_workflow_handle(identity)
        return await asked(handle, contract.STATE)


async def _found(db: Db, actor: Actor, identity: str) -> RoadmapRun:
    row = await stored.find(db, identity)
    if row is None or not rights.may_see(actor, row):
        raise NotFoundError(f"No roadmap runs as {identity[:200]}.", hint="`cauce roadmap list` shows those that do.")
    return row


async def _document(hub: Hub, row: RoadmapRun) -> JSON:
    return (await definitions.definition(hub, row.roadmap, row.version, kind="roadmap")).document


async def _check_files(db: Db, identity: str, request: Request) -> None:
    """Refuse files that nobody has attached to this roadmap: their hash is what a decision rests on."""
    given: list[JSON] = []
    match request:
        case roadmaps.ReportActivity() | roadmaps.FinishActivity() | roadmaps.HandInEvidence():
            given = request.documents
        case roadmaps.RequestGate():
            given = [file for files in request.documents.values() for file in files]
        case _:
            pass
    digests = {str(each.get("sha256", "")) for each in given}
    known = {row.digest for row in await attachments.of_instance(db, identity, digests)} if digests else set()
    if missing := sorted(digests - known):
        hint = "Attach files to a task of the roadmap first."
        raise InputError(f"No file with the hash {missing[0][:64]} is attached to this roadmap.", hint=hint)


def _written_start(document: JSON) -> date | None:
    return date.fromisoformat(document["start"]) if "start" in document else None


def _view(row: RoadmapRun) -> RunView:
    found: RunView = _copied(RunView, row)
    return found


def _copied(view: Any, row: object, **more: JSON) -> Any:  # noqa: ANN401 - of any of the views above
    names = [name for name in view.__dataclass_fields__ if name not in more]
    return view(**{name: getattr(row, name) for name in names}, **more)
