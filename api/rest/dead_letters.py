"""Dead letters: what could not be applied is listed, corrected, sent again, or dropped with a reason."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import BaseModel, Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.paging import Limit, next_page
from api.rest.schemas import Model, Page
from api.rest.subject import subject
from cauce.services import dead_letter_edits, dead_letters
from cauce.services.dead_letters import most_at_once
from cauce.store.dead_letters import Filters

JSON = Any
State = Literal["open", "replayed", "already-applied", "dropped"]
Origin = Literal["event-sink", "event-start", "call", "delivery", "sync"]

router = subject("dead letters", "/dead-letters")
event = {"specversion": "1.0", "id": "a-1", "source": "/shop", "type": "com.example.sold.v1", "data": {"n": 1}}


class Cause(Model):
    """All that was refused for one reason."""

    cause: str = Field(examples=["8c1f2a90d3b4e5f6"])
    origin: Origin
    name: str = Field(description="The connection that refused, or the process that did not start.", examples=["erp"])
    operation: str = Field(examples=["take-event"])
    title: str = Field(description="The reason, without anybody's data.", examples=["erp answered with …: no number."])
    count: int = Field(examples=[12])
    oldest: datetime
    newest: datetime


class LetterSummary(Model):
    """A dead letter, as lists show it."""

    id: int = Field(examples=[17])
    origin: Origin
    name: str = Field(examples=["erp"])
    operation: str = Field(examples=["take-event"])
    instance: str = Field(description="The instance that is concerned; empty when there is none.")
    identity: str = Field(description="Which one it is at its origin, such as an event's place in the log.")
    cause: str
    code: str = Field(description="The class of the refusal.", examples=["permanent"])
    remote_code: str = Field(description="The code of the system itself.", examples=["422"])
    problem: str
    hint: str
    state: State
    attempts: int
    edited: bool
    created_at: datetime
    updated_at: datetime
    decided_by: str | None = Field(description="Who replayed or dropped it.", examples=["olga"])
    decided_at: datetime | None
    reason: str = Field(description="Why it was dropped.")


class Difference(Model):
    """One place where what is to be sent is not what the contract wants."""

    pointer: str = Field(examples=["/data/n"])
    sent: str = Field(examples=["text 1x"])
    wanted: str = Field(examples=["integer"])
    problem: str


class Known(Model):
    """What the ledger knows of the write."""

    state: Literal["pending", "sent", "done", "absent", "failed", "by-hand"]
    answer: JSON
    instance: str


class Letter(Model):
    """A dead letter with what was sent, what was made of it, and what the other side wants."""

    summary: LetterSummary
    sent: JSON = Field(examples=[event])
    edited: JSON = Field(description="What is to be sent instead; null when nobody edited it.")
    masked: bool = Field(description="Whether the data was replaced by its shape, because you do not decide here.")
    has_contract: bool
    differences: list[Difference]
    known: Known | None
    applied_as: str = Field(description="The number under which it is known there already.", examples=["4711"])
    answer: JSON = Field(description="What came of the replay.")


class Payload(BaseModel):
    """What is to be sent instead."""

    payload: JSON = Field(examples=[event])


class Chosen(BaseModel):
    """Which letters: by their numbers, or all open ones of a cause."""

    ids: list[int] = Field(default=[], max_length=most_at_once, examples=[[17, 18]])
    cause: str | None = Field(default=None, examples=["8c1f2a90d3b4e5f6"])
    version: str | None = Field(
        default=None,
        description="The version of the sync or process that they go through; without it the active one.",
        examples=["3"],
    )


class Changing(BaseModel):
    """Which letters, by their numbers or all open ones of a cause, and the expression that mends them."""

    ids: list[int] = Field(default=[], max_length=most_at_once, examples=[[17, 18]])
    cause: str | None = Field(default=None, examples=["8c1f2a90d3b4e5f6"])
    expression: str = Field(
        description="Its only output takes the place of what is to be sent of each.",
        examples=[".data.n |= tonumber"],
        max_length=dead_letter_edits.longest_expression,
    )
    keep: bool = Field(default=False, description="Without, it is only said what would become of the letters.")


class Changed(Model):
    """What an expression makes of one letter; of the first ones, when nothing is kept, with the data."""

    id: int = Field(examples=[17])
    state: Literal["open", "edited", "unchanged", "refused"]
    sentence: str = Field(examples=["What is to be sent fits the contract."])
    hint: str
    differences: int | None = Field(description="Places that are not as the contract wants them; null without one.")
    before: JSON = None
    after: JSON = None


class Dropped(BaseModel):
    """Which letters nobody will apply, and why."""

    ids: list[int] = Field(min_length=1, max_length=most_at_once, examples=[[17]])
    reason: str = Field(examples=["Entered by hand as 4711."])


class Answer(Model):
    """What became of one letter."""

    id: int = Field(examples=[17])
    state: Literal["open", "replayed", "already-applied", "dropped", "unchanged"]
    sentence: str = Field(examples=["Applied as 4711."])
    hint: str
    instance: str


@router.get("/causes", responses=documented(422))
async def list_causes(
    hub: HubDep, actor: CallerDep, state: State = "open", origin: Origin | None = None, name: str | None = None
) -> list[Cause]:
    """List dead letters grouped by what caused them, the most frequent cause first."""
    found = await dead_letters.list_causes(hub, actor, Filters(state=state, origin=origin, name=name))
    return [Cause.model_validate(each) for each in found]


@router.get("", responses=documented(422))
async def list_letters(  # noqa: PLR0913 - one for each filter
    request: Request,
    hub: HubDep,
    actor: CallerDep,
    *,
    state: State | None = None,
    cause: str | None = None,
    origin: Origin | None = None,
    name: Annotated[str | None, Query(examples=["erp"])] = None,
    instance: str | None = None,
    after: Annotated[str | None, Query(description="Comes with `next`.")] = None,
    limit: Limit = 50,
) -> Page[LetterSummary]:
    """List dead letters, the newest first."""
    wanted = Filters(state, cause, origin, name, instance)
    page = await dead_letters.list_letters(hub, actor, wanted, after=after, limit=limit)
    items = [LetterSummary.model_validate(each) for each in page.letters]
    return Page(items=items, next=next_page(request, page.next))


@router.get("/{letter_id}", responses=documented(404))
async def get_letter(hub: HubDep, actor: CallerDep, letter_id: int) -> Letter:
    """Return a dead letter with the difference between what is to be sent and what the contract wants.

    Who may not decide about it gets the shape of the data only.
    """
    return Letter.model_validate(await dead_letters.letter(hub, actor, letter_id))


@router.put("/{letter_id}/payload", responses=documented(404, 409, 413, 422))
async def edit_letter(hub: HubDep, actor: CallerDep, letter_id: int, given: Payload) -> Letter:
    """Put something else in the place of what was sent. Nothing is sent yet, and what was sent stays to be seen."""
    return Letter.model_validate(await dead_letters.edit(hub, actor, letter_id, given.payload))


@router.post("/edit", responses=documented(413, 422))
async def edit_letters(hub: HubDep, actor: CallerDep, given: Changing) -> list[Changed]:
    """Mend letters by an expression, each by itself. Nothing is sent yet, and what was sent stays to be seen."""
    ids = given.ids or (await dead_letters.ids_of(hub, actor, given.cause) if given.cause else [])
    found = await dead_letter_edits.change(hub, actor, ids, given.expression, keep=given.keep)
    return [Changed.model_validate(each) for each in found]


@router.post("/replay", responses=documented(413, 422))
async def replay_letters(hub: HubDep, actor: CallerDep, given: Chosen) -> list[Answer]:
    """Send letters again, one after the other; what became of each is in its row.

    What the system took before is not sent again: its state is then `already-applied`.
    """
    ids = given.ids or (await dead_letters.ids_of(hub, actor, given.cause) if given.cause else [])
    return [Answer.model_validate(each) for each in await dead_letters.replay(hub, actor, ids, version=given.version)]


@router.post("/drop", responses=documented(413, 422))
async def drop_letters(hub: HubDep, actor: CallerDep, given: Dropped) -> list[Answer]:
    """Close letters that will never be applied, in your name and with a reason; they stay to be seen."""
    return [Answer.model_validate(each) for each in await dead_letters.drop(hub, actor, given.ids, given.reason)]
