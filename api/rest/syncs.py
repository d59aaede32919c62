"""Syncs: what is kept the same in two systems, what its runs did, and which row here is which row there."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import BaseModel, Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.paging import Limit, next_page
from api.rest.schemas import Model, Page
from api.rest.subject import subject
from cauce.services import reconciling, syncs

JSON = Any
router = subject("syncs", "/syncs")


class Run(Model):
    """One run of a sync, and what became of the rows."""

    id: int = Field(examples=[12])
    version: str = Field(description="The version of the sync.", examples=["3"])
    mode: Literal["full", "incremental"]
    by: str = Field(description="Who or what asked for it.", examples=["schedule"])
    state: Literal["running", "done", "failed", "stopped"]
    problem: str = Field(description="Why it failed, or what it waits for.")
    read: int = Field(examples=[1200])
    written: int = Field(examples=[14])
    unchanged: int = Field(examples=[1185])
    rejected: int = Field(description="They are dead letters.", examples=[1])
    deleted: int = Field(examples=[0])
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None


class Sync(Model):
    """A sync, and how its last run went."""

    name: str = Field(examples=["accounting-customers"])
    title: JSON = Field(examples=[{"en": "Customers", "es": "Clientes"}])
    version: str = Field(examples=["3"])
    source: str = Field(description="The connection that rows are read from.", examples=["accounting"])
    target: str = Field(description="The connection that rows are written to.", examples=["hub"])
    starts: str = Field(description="When it runs; empty when somebody has to say so.", examples=["every PT10M"])
    paused: bool
    next_at: datetime | None
    problem: str = Field(description="Why it does not start as it should; empty when it does.")
    last: Run | None
    two_way: bool = Field(description="Whether what is changed in the target comes back.", examples=[False])


class DifferentRow(Model):
    """A row that differs; its key is covered in the middle, and values are never told."""

    key: str = Field(examples=["C000001"])
    what: Literal["differs", "not-in-target", "not-in-source", "twice-in-source", "twice-in-target"]
    fields: list[str] = Field(examples=[["limit"]])


class Reconciliation(Model):
    """What comparing both sides of a sync came to."""

    sync: str = Field(examples=["accounting-customers"])
    version: str = Field(description="The version of the sync.", examples=["3"])
    source: int = Field(description="Rows of the source.", examples=[1200])
    target: int = Field(description="Rows of the target.", examples=[1199])
    differences: int = Field(description="Rows that differ, or are on one side only.", examples=[1])
    sums: dict[str, list[str]] = Field(
        description="Of numbers, by field: source, target.", examples=[{"limit": ["9", "8"]}]
    )
    keys: list[DifferentRow] = Field(description="Up to 50 of the rows that differ.")
    by: str = Field(examples=["ana"])
    at: datetime


class SyncDetail(Model):
    """A sync with its runs, the newest first."""

    view: Sync
    rows: int = Field(description="Rows that are in both systems.", examples=[1199])
    waiting: int = Field(description="Rows that wait at the dead-letter desk.", examples=[1])
    undecided: int = Field(description="Rows that both have changed, and about which somebody is asked.", examples=[0])
    cursor: JSON = Field(description="The place behind which the next run reads.", examples=["C001199"])
    columns: dict[str, str] = Field(description="The shape of the rows.", examples=[{"customer_id": "text"}])
    runs: list[Run]
    next: str | None = Field(description="The address of the next page of runs.")


class Counterpart(Model):
    """Which row of one system is which row of another."""

    sync: str = Field(examples=["accounting-customers"])
    source_system: str = Field(examples=["accounting"])
    source_id: str = Field(examples=["C000001"])
    target_system: str = Field(examples=["hub"])
    target_id: str = Field(examples=["5c8e1d1e-6d0f-4c2f-9d80-6a9f3d4c2b1a"])
    state: Literal["live", "deleted"]
    updated_at: datetime


class Asked(BaseModel):
    """How a run is to be made."""

    full: bool = Field(default=False, description="Read everything, and not only what has changed.", examples=[True])
    accept_columns: bool = Field(default=False, description="Take the shape that the source has now for the right one.")


@router.get("", responses=documented())
async def list_syncs(hub: HubDep, actor: CallerDep) -> Page[Sync]:
    """List the syncs, with the last run of each."""
    return Page(items=[Sync.model_validate(each) for each in await syncs.list_syncs(hub, actor)])


@router.get("/counterparts", responses=documented())
async def list_counterparts(
    hub: HubDep,
    actor: CallerDep,
    system: Annotated[str, Query(description="A connection.", examples=["accounting"])],
    id: Annotated[str, Query(description="The id of a row there.", examples=["C000001"])],  # noqa: A002 - its name outside
) -> Page[Counterpart]:
    """Say what a row of one system is in others."""
    found = await syncs.counterparts(hub, actor, system, id)
    return Page(items=[Counterpart.model_validate(each) for each in found])


@router.get("/{name}", responses=documented(404, 422))
async def get_sync(
    request: Request, hub: HubDep, actor: CallerDep, name: str, after: str | None = None, limit: Limit = 20
) -> SyncDetail:
    """Return a sync with its runs."""
    found = SyncDetail.model_validate(await syncs.sync(hub, actor, name, after=after, limit=limit))
    return found.model_copy(update={"next": next_page(request, found.next)})


@router.post("/{name}/runs", status_code=HTTPStatus.ACCEPTED, responses=documented(404, 409))
async def run_sync(hub: HubDep, actor: CallerDep, name: str, asked: Asked) -> SyncDetail:
    """Run a sync now; there is one run of it at a time."""
    await syncs.run(hub, actor, name, full=asked.full, accept_columns=asked.accept_columns)
    return SyncDetail.model_validate(await syncs.sync(hub, actor, name))


@router.post("/{name}/stop", responses=documented(404, 409))
async def stop_sync(hub: HubDep, actor: CallerDep, name: str) -> SyncDetail:
    """End the run that is under way; what it wrote stays."""
    return SyncDetail.model_validate(await syncs.stop(hub, actor, name))


@router.post("/{name}/pause", responses=documented(404))
async def pause_sync(hub: HubDep, actor: CallerDep, name: str) -> SyncDetail:
    """Let a sync not start by itself any more; a run that is under way goes on."""
    return SyncDetail.model_validate(await syncs.pause(hub, actor, name, paused=True))


@router.post("/{name}/resume", responses=documented(404))
async def resume_sync(hub: HubDep, actor: CallerDep, name: str) -> SyncDetail:
    """Let a sync start by itself again."""
    return SyncDetail.model_validate(await syncs.pause(hub, actor, name, paused=False))


@router.post("/{name}/reconciliation", status_code=HTTPStatus.CREATED, responses=documented(403, 404, 422, 503))
async def reconcile_sync(hub: HubDep, actor: CallerDep, name: str) -> Reconciliation:
    """Compare what both sides of a sync hold now; what came of it is kept, and gates ask for it."""
    return Reconciliation.model_validate(await reconciling.reconcile(hub, actor, name))


@router.get("/{name}/reconciliation", responses=documented(404))
async def get_reconciliation(hub: HubDep, actor: CallerDep, name: str) -> Reconciliation | None:
    """Return what the last comparison of both sides came to; null when there was none."""
    found = await reconciling.last(hub, actor, name)
    return None if found is None else Reconciliation.model_validate(found)
