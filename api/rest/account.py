"""Who is asking, and tokens for their programs."""

from datetime import timedelta
from http import HTTPStatus

from fastapi import APIRouter

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.schemas import Me, NewToken, Token
from cauce.services import users

router = APIRouter(tags=["account"])


@router.get("/me", responses=documented())
async def me(actor: CallerDep) -> Me:
    """Return who you are to the hub."""
    return Me(name=actor.name, roles=sorted(actor.roles), groups=sorted(actor.groups), locale=actor.locale)


@router.post("/tokens", status_code=HTTPStatus.CREATED, responses=documented(422))
async def create_token(hub: HubDep, actor: CallerDep, given: NewToken) -> Token:
    """Make a token with which a program acts as you; this is the only time it can be seen."""
    lifetime = timedelta(days=given.expires_in_days) if given.expires_in_days else None
    return Token(
        token=await users.create_token(hub, actor, label=given.label, scopes=given.scopes, expires_in=lifetime)
    )
