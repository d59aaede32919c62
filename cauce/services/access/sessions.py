"""The browsers that people are logged in on: each person sees theirs, and ends them.

A browser keeps a signed cookie; the store keeps its hash, so that a session ends when its person wants it to and not
when the cookie is gone.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from cauce.errors import NotFoundError, PasswordToChangeError, SecondFactorMissingError, UnauthenticatedError
from cauce.services import tasks, users
from cauce.services.access.tokens import check_unlimited
from cauce.services.hub import Actor, Hub
from cauce.store import audit, inbox_counts, login_sessions, notifications, second_factors
from cauce.store.base import utc_now
from cauce.store.models import LoginSession
from cauce.store.session import Db

lasts: Final = timedelta(hours=12)
_noted_every: Final = timedelta(minutes=1)
_longest: Final = 300


@dataclass(frozen=True, slots=True)
class SessionView:
    """A browser somebody is logged in on; `current` is the one that asks."""

    id: str
    began_at: datetime
    last_used: datetime
    address: str
    browser: str
    current: bool


@dataclass(frozen=True, slots=True)
class Visit:
    """Who looks at a page, how many tasks wait for them, and how much of what they are told they have not read."""

    actor: Actor
    open_tasks: int
    unread: int


class Lacking(IntEnum):
    """What a login may still lack, the least first: each allows what those before it do."""

    NOTHING = 0
    SECOND_STEP = 1
    OWN_PASSWORD = 2


async def begin(hub: Hub, name: str, nonce: str, *, address: str, browser: str, by_password: bool = True) -> None:
    """Note that somebody logged in on a browser; what has run out meanwhile is forgotten."""
    async with hub.store.transaction() as db:
        await login_sessions.end_all(db, name, before=utc_now() - lasts)
        origin = {"address": address[:_longest], "browser": browser[:_longest]}
        await login_sessions.add(db, _key(nonce), name, **origin, by_password=by_password)


async def actor_of(hub: Hub, name: str, nonce: str, *, lacking: Lacking = Lacking.NOTHING, used: bool = True) -> Actor:
    """Return the person of a session that is still good; where what is missing is made good, it may be `lacking`.

    It counts as `used`, unless a page asks by itself.

    Raises:
        UnauthenticatedError: It was ended, or the account is closed.
        PasswordToChangeError: It began with a password that somebody else made.
        SecondFactorMissingError: The role needs a second step of the login, which the person has not set up.
    """
    async with hub.store.read() as db:
        actor, row = await _checked(hub, db, name, nonce, lacking)
    if used:
        await _note_use(hub, row)
    return actor


async def visit(
    hub: Hub, name: str, nonce: str, *, lacking: Lacking = Lacking.NOTHING, counted: bool = True, used: bool = True
) -> Visit:
    """Return the person of a session with what every page tells them, as `actor_of` does; looked up at once.

    How many tasks wait is only known when they are `counted`.
    """
    async with hub.store.read() as db:
        actor, row = await _checked(hub, db, name, nonce, lacking)
        waiting = await inbox_counts.open_up_to(db, tasks.viewer_of(actor), tasks.most_counted) if counted else 0
        unread = await notifications.unread(db, name)
    if used:
        await _note_use(hub, row)
    return Visit(actor, waiting, unread)


async def _checked(hub: Hub, db: Db, name: str, nonce: str, lacking: Lacking) -> tuple[Actor, LoginSession]:
    """Return the person of a session that is good, and the session."""
    row, account = await login_sessions.with_user(db, _key(nonce))
    if row is None or row.user != name or _is_idle(hub, row):
        raise UnauthenticatedError("This session is over.", hint="Log in again.")
    demanded = frozenset(hub.settings.second_factor_roles)
    second = await second_factors.confirmed(db, name) if demanded else None
    actor = await users.actor_with(db, account)
    if account is None or actor is None:
        raise users.not_active()
    # Who was let in by a company's directory has proved themselves without the password that somebody made here.
    if account.password_to_change and row.by_password and lacking < Lacking.OWN_PASSWORD:
        raise PasswordToChangeError(
            "Somebody else made your password.",
            hint="Choose one of your own at /account/first-password, or with `PUT /api/v1/me/password`.",
        )
    # Accounts without a password prove themselves elsewhere, and in as many steps as is thought right there.
    due = account.password_hash and not second and demanded & actor.roles
    if due and lacking < Lacking.SECOND_STEP:
        raise SecondFactorMissingError(
            "Your role needs a second step at the login.", hint="Set it up at /account/second-factor."
        )
    return actor, row


def _is_idle(hub: Hub, row: LoginSession) -> bool:
    minutes = hub.settings.session_idle_minutes
    # Its last use is noted once a minute.
    return bool(minutes) and utc_now() - row.last_used > timedelta(minutes=minutes) + _noted_every


async def _note_use(hub: Hub, row: LoginSession) -> None:
    if utc_now() - row.last_used > _noted_every:
        async with hub.store.transaction() as db:
            await login_sessions.note_use(db, row.id)


async def list_sessions(hub: Hub, actor: Actor, nonce: str = "") -> list[SessionView]:
    """Return the browsers somebody is logged in on, the one used last first; `nonce` is of the one that asks."""
    async with hub.store.read() as db:
        rows = await login_sessions.of_user(db, actor.name, utc_now() - lasts)
    current = _key(nonce) if nonce else ""
    return [
        SessionView(row.id, row.began_at, row.last_used, row.address, row.browser, row.id == current) for row in rows
    ]


async def end(hub: Hub, actor: Actor, session_id: str) -> None:
    """End one of one's sessions."""
    async with hub.store.transaction() as db:
        await check_unlimited(db, actor)
        if not await login_sessions.end(db, actor.name, session_id):
            raise NotFoundError("You have no such session.", hint="Reload the list.")
        await audit.append(db, actor.name, "session.end", actor.name)


async def end_others(hub: Hub, actor: Actor, nonce: str = "") -> int:
    """End all of one's sessions but the one that asks; return how many."""
    async with hub.store.transaction() as db:
        await check_unlimited(db, actor)
        ended = await login_sessions.end_all(db, actor.name, but=_key(nonce) if nonce else "")
        await audit.append(db, actor.name, "session.end-all", actor.name, {"ended": ended})
    return ended


async def leave(hub: Hub, actor: Actor, nonce: str) -> None:
    """End the session that asks: somebody logs out."""
    async with hub.store.transaction() as db:
        await login_sessions.end(db, actor.name, _key(nonce))


def _key(nonce: str) -> str:
    return hashlib.sha256(nonce.encode()).hexdigest()
