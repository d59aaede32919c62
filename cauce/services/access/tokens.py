"""The tokens of somebody's programs: seeing and ending them; `users` makes them and tells whom they stand for."""

from dataclasses import dataclass
from datetime import datetime

from cauce.errors import ForbiddenError, NotFoundError
from cauce.services.hub import Actor, Hub
from cauce.store import audit, users
from cauce.store.base import utc_now
from cauce.store.models import ApiToken
from cauce.store.session import Db

_id_length = 16


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token, without what would let somebody use it."""

    id: str
    label: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used: datetime | None
    expired: bool


async def list_tokens(hub: Hub, actor: Actor) -> list[TokenView]:
    """Return one's own tokens, the newest first."""
    async with hub.store.read() as db:
        return [_view(row) for row in await users.tokens_of(db, actor.name)]


async def end_token(hub: Hub, actor: Actor, token_id: str) -> None:
    """Make one of one's own tokens worth nothing, at once."""
    async with hub.store.transaction() as db:
        await check_unlimited(db, actor)
        row = next((each for each in await users.tokens_of(db, actor.name) if _id(each) == token_id), None)
        if row is None or not await users.end_token(db, actor.name, row.token_sha256):
            raise NotFoundError("You have no such token.", hint="Reload the list.")
        await audit.append(db, actor.name, "token.end", actor.name, {"label": row.label})


async def check_unlimited(db: Db, actor: Actor) -> None:
    """Refuse who comes with a token that may less than its account: it has no say over the account."""
    row = await users.find(db, actor.name)
    if row is not None and actor.roles != frozenset(row.roles):
        raise ForbiddenError("A limited token may not change the account itself.", hint="Log in, or use another one.")


def _view(row: ApiToken) -> TokenView:
    expired = row.expires_at is not None and row.expires_at <= utc_now()
    return TokenView(
        _id(row), row.label, tuple(row.scopes), row.created_at, row.expires_at, row.last_used, expired=expired
    )


def _id(row: ApiToken) -> str:
    return row.token_sha256[:_id_length]
