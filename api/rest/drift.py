"""Drift: what changed of the contract of a connection, what that touches, and what somebody decided."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.schemas import Model
from api.rest.subject import subject
from cauce.services.drift import cases

router = subject("connections", "/connections/{name}/drift")


class Change(Model):
    """One change of a contract."""

    operation: str = Field(examples=["create-order"])
    direction: Literal["input", "output", ""] = Field(
        description="What is sent (input) or read (output); empty when the operation is gone."
    )
    path: str = Field(description="The field, dotted, [] for the entries of a list.", examples=["Lines[].Sku"])
    what: str = Field(examples=["removed"])
    breaking: bool
    sentence: str = Field(examples=["`Lines[].Sku` is not taken any more."])


class Met(Model):
    """A mapping of the connection that meets a field that changed."""

    operation: str = Field(examples=["create-order"])
    part: str = Field(examples=["request"])
    path: str = Field(examples=["Lines[].Sku"])
    how: str = Field(description="by name, as a whole, perhaps, or missing", examples=["by name"])
    expression: str = Field(examples=["{Lines: [.lines[] | {Sku: .sku}]}"])


class Use(Model):
    """A published process or sync that uses what changed."""

    kind: Literal["process", "sync"]
    definition: str = Field(examples=["sales.lead-to-order"])
    version: str = Field(examples=["1.2.0"])
    tasks: list[str] = Field(examples=[["/do/2/order"]])


class Running(Model):
    """A running instance of a version that uses what changed."""

    id: str = Field(examples=["sales.lead-to-order/lead:2041"])
    definition: str = Field(examples=["sales.lead-to-order"])
    version: str = Field(examples=["1.2.0"])


class Case(Model):
    """A contract that is not what was agreed."""

    number: int = Field(examples=[3])
    state: Literal["open", "acknowledged", "accepted", "over"]
    breaking: bool
    changes: list[Change]
    mappings: list[Met]
    definitions: list[Use]
    instances: list[Running]
    problem: str = Field(description="Why the running instances are not known, if they are not.")
    opened_at: datetime
    seen_at: datetime
    decided_by: str = Field(examples=["igor"])
    decided_at: datetime | None
    reason: str = Field(examples=["The mapping sends the new field since version 4."])


class Drift(Model):
    """What is known of a connection's contract."""

    connection: str = Field(examples=["erp"])
    owner: str = Field(examples=["sales-it"])
    watched: bool = Field(description="Whether connections of this kind have a contract that can be read.")
    read_at: datetime | None
    problem: str = Field(description="Why it could not be read last time; that is no drift.")
    case: Case | None
    settled: list[Case]


class Decision(BaseModel):
    """Why somebody decides so."""

    reason: str = Field(default="", examples=["The mapping sends the new field since version 4."])


@router.get("", responses=documented(404))
async def show_drift(hub: HubDep, actor: CallerDep, name: str) -> Drift:
    """Say what is known of the contract of a connection, without reading it again."""
    return Drift.model_validate(await cases.show(hub, actor, name))


@router.post("/read", responses=documented(404))
async def read_contract(hub: HubDep, actor: CallerDep, name: str) -> Drift:
    """Read the contract now, and say what changed since it was agreed."""
    return Drift.model_validate(await cases.look(hub, actor, name))


@router.post("/{number}/acknowledge", responses=documented(404, 409))
async def acknowledge_drift(hub: HubDep, actor: CallerDep, name: str, number: int, decision: Decision) -> Drift:
    """Note that somebody knows of a case and sees to it."""
    return Drift.model_validate(await cases.acknowledge(hub, actor, name, number, decision.reason))


@router.post("/{number}/accept", responses=documented(404, 409, 422))
async def accept_drift(hub: HubDep, actor: CallerDep, name: str, number: int, decision: Decision) -> Drift:
    """Take the contract as it was found for the one agreed."""
    return Drift.model_validate(await cases.accept(hub, actor, name, number, decision.reason))
