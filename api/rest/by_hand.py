"""What people did in other systems instead of a call, and whether those have it by now."""

from datetime import datetime
from typing import Any, Literal

from fastapi import Request
from pydantic import BaseModel, Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.paging import Limit, next_page
from api.rest.schemas import Model, Page
from api.rest.subject import subject
from cauce.services import by_hand
from cauce.store.by_hand import UNSETTLED

JSON = Any
State = Literal["open", "confirmed", "different", "missing", "settled"]

router = subject("instances", "/by-hand")


class Done(Model):
    """A write that a person did by hand, because it could not be called."""

    id: int = Field(examples=[5])
    connection: str = Field(examples=["erp"])
    operation: str = Field(examples=["create-order"])
    key: str = Field(description="Its idempotency key.", examples=["opp:2041"])
    instance: str = Field(examples=["sales.lead-to-order/lead:2041"])
    task: str = Field(examples=["/do/2/order"])
    answer: JSON = Field(description="What the person said came of it.", examples=[{"number": "4711"}])
    by: str = Field(examples=["ana"])
    at: datetime
    state: State = Field(description="`missing`: the system does not have it; `different`: not as the person said.")
    found: JSON = Field(description="What the system has.", examples=[{"number": "4711"}])
    problem: str = Field(description="Why the system could not be asked.")
    checked_at: datetime | None
    settled_by: str = Field(examples=["olga"])
    reason: str = Field(examples=["Entered twice; the second one was cancelled."])


class Settled(BaseModel):
    """Why somebody says that all is well."""

    reason: str = Field(examples=["Entered twice; the second one was cancelled."])


@router.get("", responses=documented())
async def list_done(
    request: Request, hub: HubDep, actor: CallerDep, state: State | None = None, after: int = 0, limit: Limit = 50
) -> Page[Done]:
    """List what was done by hand, the oldest first; without a state, what is neither confirmed nor settled."""
    found = await by_hand.list_done(hub, actor, [state] if state else UNSETTLED, after=after, limit=limit)
    following = next_page(request, str(found[-1].id) if len(found) == limit else None)
    return Page(items=[Done.model_validate(each) for each in found], next=following)


@router.post("/reconcile", responses=documented())
async def reconcile(hub: HubDep, actor: CallerDep) -> Page[Done]:
    """Ask the systems now whether they have it; what is left is neither confirmed nor settled."""
    return Page(items=[Done.model_validate(each) for each in await by_hand.reconcile(hub, actor)])


@router.post("/{number}/settle", responses=documented(404, 409, 422))
async def settle(hub: HubDep, actor: CallerDep, number: int, settled: Settled) -> Done:
    """Note that you looked, and all is well."""
    return Done.model_validate(await by_hand.settle(hub, actor, number, settled.reason))
