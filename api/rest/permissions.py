"""Permissions: what is granted, why somebody may do something, and who else may."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import Query, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.schemas import Model
from api.rest.subject import subject
from cauce.permissions import ACTS, Because
from cauce.permissions import Act as ActName
from cauce.services.permissions import duties, explaining, grants
from cauce.services.permissions.explaining import Rights
from cauce.services.permissions.grants import GrantView

router = subject("permissions", "/permissions")
Of = Annotated[
    str,
    Query(
        max_length=300,
        description="The id of a task or an instance, the full name of a process, or `form:` and the name of one.",
        examples=["sales.lead-to-order"],
    ),
]


class Grant(Model):
    """What a person, group or role may do, and where."""

    id: int = Field(examples=[7])
    who: Literal["person", "group", "role"]
    name: str = Field(examples=["sales"])
    acts: list[ActName] = Field(examples=[["see", "work"]])
    place: Literal["all", "namespace", "process", "form"]
    of: str = Field(description="Its name; `*` for everything.", examples=["sales"])
    only: bool = Field(description="Nobody else does it there, but for whom another grant names.")
    note: str = Field(examples=["Decided by the works council."])
    by: str = Field(examples=["admin"])
    at: datetime | None
    known: bool = Field(description="Whether anything is published that it speaks of.")


class NewGrant(BaseModel):
    """What to grant; it takes the place of what the same was granted there before."""

    who: str = Field(description="`person:`, `group:` or `role:` and the name.", examples=["group:sales"])
    acts: list[str] = Field(max_length=20, examples=[["see", "work"]])
    on: str = Field(
        description="`*`, or `namespace:`, `process:` or `form:` and the name.", examples=["namespace:sales"]
    )
    only: bool = Field(default=False, description="Close it to everybody whom no grant names.", examples=[True])
    note: str = Field(default="", examples=["Decided by the works council."])


class Right(BaseModel):
    """Whether somebody may do one thing, and because of what."""

    act: ActName
    allowed: bool
    because: Because = Field(description="`closed`: a grant closes it; `nothing`: neither a role nor a grant gives it.")
    role: str = Field(examples=["staff"])
    grant: str = Field(description="The grant that decides, in the words of the command.", examples=["group:hr see *"])


class Person(BaseModel):
    """What one person may do with what was asked for."""

    person: str = Field(examples=["ana"])
    full_name: str = Field(examples=["Ana Ruiz"])
    sees: bool
    concerned: bool = Field(description="It is a task that is, or was, for them.")
    rights: list[Right]


class Could(Model):
    """Somebody who may answer several forms of a duty."""

    person: str = Field(examples=["ana"])
    forms: dict[str, str] = Field(
        description="By what: `admin`, `grant`, `role` or `substitute`.", examples=[{"approve": "role"}]
    )


class Did(Model):
    """Somebody who answered several forms of a duty in one case."""

    person: str = Field(examples=["ana"])
    case: str = Field(description="Its business key.", examples=["complaint:7"])
    instance: str = Field(examples=["service.complaint/complaint:7"])
    tasks: dict[str, str] = Field(description="The tasks, by form.", examples=[{"approve-remedy": "task-1"}])
    last_at: datetime


class Duty(Model):
    """Forms of which nobody should answer two in one case."""

    policy: str = Field(examples=["complaints"])
    title: Any = Field(examples=["Whoever proposes a remedy does not approve it"])
    forms: list[str] = Field(examples=[["propose-remedy", "approve-remedy"]])
    could: list[Could]
    did: list[Did]


@router.get("", responses=documented())
async def list_grants(hub: HubDep, actor: CallerDep) -> list[Grant]:
    """List everything that is granted, the oldest first; without any, roles decide alone."""
    return [_grant(each) for each in await grants.list_grants(hub, actor)]


@router.post("", status_code=HTTPStatus.CREATED, responses=documented(409, 422))
async def grant(hub: HubDep, actor: CallerDep, given: NewGrant) -> Grant:
    """Give a person, group or role acts at a place."""
    return _grant(await grants.grant(hub, actor, given.who, given.acts, given.on, only=given.only, note=given.note))


@router.delete("/{grant_id}", status_code=HTTPStatus.NO_CONTENT, responses=documented(404))
async def revoke(hub: HubDep, actor: CallerDep, grant_id: int) -> None:
    """Take a grant back."""
    await grants.revoke(hub, actor, grant_id)


@router.get("/why", responses=documented(404))
async def why(hub: HubDep, actor: CallerDep, of: Of) -> Person:
    """Say what you may do with something, and why."""
    return _person(await explaining.why(hub, actor, of))


@router.get("/who", responses=documented(404))
async def who_may(hub: HubDep, actor: CallerDep, of: Of) -> list[Person]:
    """Say what everybody may do with something, and why; those who see it come first."""
    return [_person(each) for each in await explaining.who_may(hub, actor, of)]


@router.get("/duties", responses=documented())
async def list_duties(hub: HubDep, actor: CallerDep) -> list[Duty]:
    """List what policies keep apart, who could do it alone all the same, and who did."""
    return [Duty.model_validate(each) for each in await duties.report(hub, actor)]


@router.get("/duties.csv", response_class=PlainTextResponse, responses=documented())
async def duties_csv(hub: HubDep, actor: CallerDep) -> Response:
    """Return the same as a table."""
    return as_download(await duties.report(hub, actor))


def as_download(found: list[duties.Duty]) -> Response:
    """Return the report as a file to save."""
    headers = {"Content-Disposition": 'attachment; filename="duties.csv"'}
    return Response(duties.as_csv(found), media_type="text/csv; charset=utf-8", headers=headers)


def _grant(view: GrantView) -> Grant:
    one = view.grant
    acts = [each for each in ACTS if each in one.acts]
    return Grant.model_validate(
        {name: getattr(one, name) for name in Grant.model_fields if name not in {"acts", "known"}}
        | {"acts": acts, "known": view.known}
    )


def _person(found: Rights) -> Person:
    rights = [
        Right(
            act=act,
            allowed=each.allowed,
            because=each.because,
            role=each.role,
            grant=str(each.grant) if each.grant else "",
        )
        for act, each in found.acts.items()
    ]
    return Person(
        person=found.person, full_name=found.full_name, sees=found.sees, concerned=found.concerned, rights=rights
    )
