"""Addresses of calendars, for programs that cannot log in: whoever has one reads that calendar, and nothing else.

An address holds a token of its owner's; it is listed with the others of the account, and ended there.
"""

import secrets
from datetime import timedelta
from typing import Final

from cauce.errors import NotFoundError
from cauce.services import users as accounts
from cauce.services.hub import Actor, Hub
from cauce.store import audit, users
from cauce.store.base import utc_now

_AN_HOUR: Final = timedelta(hours=1)


async def make(hub: Hub, actor: Actor, roadmap: str) -> str:
    """Return the address of a roadmap's calendar, to be seen this once; the one before it is worth nothing any more."""
    scope, token = f"{accounts.for_calendars}{roadmap}", secrets.token_urlsafe(32)
    async with hub.store.transaction() as db:
        for row in await users.tokens_of(db, actor.name):
            if row.scopes == [scope]:
                await users.end_token(db, actor.name, row.token_sha256)
        await users.add_token(db, token, actor.name, label=roadmap, scopes=[scope])
        await audit.append(db, actor.name, "token.create", actor.name, {"label": roadmap, "scopes": [scope]})
    return f"{hub.settings.public_url}/feeds/{token}.ics"


async def read(hub: Hub, token: str) -> tuple[Actor, str]:
    """Return whose calendar an address is, and of which roadmap.

    Raises:
        NotFoundError: There is no such address, or its owner's account is not active any more.
    """
    async with hub.store.read() as db:
        known = await users.find_token(db, token)
        actor = await accounts.actor_in(db, known.user) if known else None
    scope = known.scopes[0] if known and len(known.scopes) == 1 else ""
    if known is None or actor is None or not scope.startswith(accounts.for_calendars):
        raise NotFoundError("There is no such calendar.", hint="Make another address, on the page of the roadmap.")
    if known.last_used is None or utc_now() - known.last_used > _AN_HOUR:
        async with hub.store.transaction() as db:
            await users.note_token_use(db, token)
    return actor, scope.removeprefix(accounts.for_calendars)
