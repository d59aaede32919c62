"""Who is asking: their password, the browsers they are logged in on, and tokens for their programs."""

from datetime import datetime, timedelta
from http import HTTPStatus

from pydantic import BaseModel, Field

from api.deps import CallerDep, HubDep, SessionDep, SettlingDep
from api.errors import documented
from api.rest.schemas import Me, Model, NewToken, Token
from api.rest.subject import subject
from cauce.services import users
from cauce.services.access import passwords, sessions, tokens

router = subject("account")


class OwnPassword(BaseModel):
    """A new password of one's own."""

    password: str = Field(description="The one now.", examples=["river-stone-42"])
    new: str = Field(description="`GET /me/password-rules` says what it must be.", examples=["quiet harbour lamp"])


class Rules(BaseModel):
    """What a password must be."""

    least: int = Field(description="How many characters it needs.", examples=[10])
    rules: list[str] = Field(examples=[["It does not contain your name."]])


class LoginSession(Model):
    """A browser somebody is logged in on."""

    id: str = Field(examples=["9f86d081884c7d65"])
    began_at: datetime
    last_used: datetime
    address: str = Field(examples=["192.0.2.17"])
    browser: str = Field(description="What it calls itself.", examples=["Mozilla/5.0 (X11; Linux x86_64)"])
    current: bool = Field(description="Whether it is the one that asks.")


class TokenSummary(Model):
    """A token, without what would let somebody use it."""

    id: str = Field(examples=["2c26b46b68ffc68f"])
    label: str = Field(examples=["nightly import"])
    scopes: list[str] = Field(description="What it is limited to; nothing: to its account.", examples=[["staff"]])
    created_at: datetime
    expires_at: datetime | None
    last_used: datetime | None
    expired: bool


@router.get("/me", responses=documented())
async def me(actor: CallerDep) -> Me:
    """Return who you are to the hub."""
    return Me(name=actor.name, roles=sorted(actor.roles), groups=sorted(actor.groups), locale=actor.locale)


@router.get("/me/password-rules", responses=documented())
async def password_rules(hub: HubDep, _: SettlingDep) -> Rules:
    """Return what a password must be."""
    least = hub.settings.password_min_length
    return Rules(least=least, rules=list(passwords.rules(least)))


@router.put("/me/password", status_code=HTTPStatus.NO_CONTENT, responses=documented(422))
async def change_password(hub: HubDep, actor: SettlingDep, given: OwnPassword) -> None:
    """Give yourself a new password; you are logged out of all browsers."""
    await users.change_own_password(hub, actor, given.password, given.new)


@router.get("/me/sessions", responses=documented())
async def list_sessions(hub: HubDep, actor: CallerDep, session: SessionDep) -> list[LoginSession]:
    """List the browsers you are logged in on."""
    found = await sessions.list_sessions(hub, actor, session.nonce)
    return [LoginSession.model_validate(each) for each in found]


@router.delete("/me/sessions", status_code=HTTPStatus.NO_CONTENT, responses=documented())
async def end_sessions(hub: HubDep, actor: CallerDep, session: SessionDep) -> None:
    """End all your sessions but the one that asks."""
    await sessions.end_others(hub, actor, session.nonce)


@router.delete("/me/sessions/{session_id}", status_code=HTTPStatus.NO_CONTENT, responses=documented(404))
async def end_session(hub: HubDep, actor: CallerDep, session_id: str) -> None:
    """End one of your sessions."""
    await sessions.end(hub, actor, session_id)


@router.get("/tokens", responses=documented())
async def list_tokens(hub: HubDep, actor: CallerDep) -> list[TokenSummary]:
    """List your tokens."""
    return [TokenSummary.model_validate(each) for each in await tokens.list_tokens(hub, actor)]


@router.post("/tokens", status_code=HTTPStatus.CREATED, responses=documented(422))
async def create_token(hub: HubDep, actor: CallerDep, given: NewToken) -> Token:
    """Make a token with which a program acts as you; this is the only time it can be seen."""
    lifetime = timedelta(days=given.expires_in_days) if given.expires_in_days else None
    return Token(
        token=await users.create_token(hub, actor, label=given.label, scopes=given.scopes, expires_in=lifetime)
    )


@router.delete("/tokens/{token_id}", status_code=HTTPStatus.NO_CONTENT, responses=documented(404))
async def end_token(hub: HubDep, actor: CallerDep, token_id: str) -> None:
    """Make one of your tokens worth nothing, at once."""
    await tokens.end_token(hub, actor, token_id)
