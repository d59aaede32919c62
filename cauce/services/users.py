"""Accounts and tokens: creating them, and telling from a password or a token who is asking."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cauce.absence import Share, local_day, shares_of
from cauce.errors import ConflictError, ForbiddenError, InputError, NotFoundError, UnauthenticatedError
from cauce.services.access import first_login, passwords, proving
from cauce.services.access.leaving import let_go
from cauce.services.hub import Actor, Hub, roles, scopes
from cauce.store import absences, audit, login_sessions, people_list, permissions, second_factors, users
from cauce.store.base import utc_now
from cauce.store.models import User
from cauce.store.people_list import Wanted
from cauce.store.session import Db

token_prefix = "cauce_"  # noqa: S105 - how tokens begin, so that scanners of leaked secrets know them
# A token with such a scope opens one calendar at its address, and nothing else.
for_calendars = "calendar:"


@dataclass(frozen=True, slots=True)
class Account:
    """An account, without its password; one that is not `local` has none here.

    With `password_to_change` somebody else made the password, and its person has not chosen another one yet.
    """

    name: str
    full_name: str
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    locale: str
    active: bool
    locked_until: datetime | None
    local: bool = True
    password_to_change: bool = False


@dataclass(frozen=True, slots=True)
class Accounts:
    """Some accounts, and where to go on and back from them."""

    accounts: tuple[Account, ...]
    after: str | None
    before: str | None


async def create_user(  # noqa: PLR0913 - one parameter for each thing that an account has
    hub: Hub,
    actor: Actor,
    name: str,
    password: str,
    *,
    roles: Sequence[str],
    groups: Sequence[str] = (),
    full_name: str = "",
    locale: str = "en",
    lasting: bool = False,
) -> Account:
    """Create an account, whose person chooses another password at the first login, unless this one is `lasting`."""
    actor.require("create accounts", "admin")
    _check(name, roles, password_problem=passwords.problem_with(password, (name, full_name), _least(hub)))
    password_hash = await asyncio.to_thread(proving.hasher.hash, password)
    async with hub.store.transaction() as db:
        added = await users.add(
            db,
            name,
            password_hash=password_hash,
            password_to_change=not lasting,
            roles=roles,
            groups=groups,
            full_name=full_name,
            locale=locale,
        )
        if not added:
            raise ConflictError("There is an account of that name already.", hint="Choose another name.")
        row = await users.find(db, name)
        await audit.append(db, actor.name, "user.create", name, {"roles": sorted(roles), "groups": sorted(groups)})
    if row is None:
        raise NotFoundError(f"The account '{name}' was deleted meanwhile.", hint="Create it again.")
    return _account(row)


async def set_password(hub: Hub, actor: Actor, name: str, password: str) -> None:
    """Give an account a new password, and open it if it was locked; everybody may do so with their own.

    One that somebody else made is good for one login: its person chooses another one before anything else.
    """
    foreign = actor.name != name
    if foreign:
        actor.require("change the passwords of others", "admin")
    async with hub.store.read() as db:
        row = await users.find(db, name)
    if row is None:
        raise _unknown(name)
    passwords.check(password, (name, row.full_name), _least(hub))
    password_hash = await asyncio.to_thread(proving.hasher.hash, password)
    async with hub.store.transaction() as db:
        if not await users.change(db, name, password_hash=password_hash, password_to_change=foreign):
            raise _unknown(name)
        # Whoever knew the old one is out.
        await login_sessions.end_all(db, name)
        await audit.append(db, actor.name, "user.password", name, {"to_change": True} if foreign else None)
    await asyncio.to_thread(first_login.forget, hub.settings.data_dir, name)


async def change_own_password(hub: Hub, actor: Actor, old: str, new: str) -> None:
    """Give oneself a new password, which takes the old one, and is another one."""
    await proving.prove(hub, actor.name, old, known=True)
    if new == old:
        raise InputError("The new password is the old one.", hint="Choose another one.")
    await set_password(hub, actor, actor.name, new)


async def change_user(
    hub: Hub,
    actor: Actor,
    name: str,
    *,
    roles: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    active: bool | None = None,
) -> Account:
    """Change what an account may do, or close it; what is not given stays."""
    actor.require("change accounts", "admin")
    _check(name, roles or ())
    if actor.name == name and (active is False or (roles is not None and "admin" not in roles)):
        raise ConflictError("You would lock yourself out.", hint="Another admin can do that.")
    async with hub.store.transaction() as db:
        row = await users.find(db, name, lock=True)
        if row is None:
            raise _unknown(name)
        before, unlocked = users.rights(row), {"unlocked": True} if row.locked_until else {}
        await users.change(db, name, roles=roles, groups=groups, active=active)
        await db.refresh(row)
        if active is False:
            await let_go(db, actor.name, name)
        await audit.append(db, actor.name, "user.change", name, users.changed_rights(before, row) | unlocked)
    return _account(row)


async def ensure_user(
    hub: Hub, name: str, password: str, *, roles: Sequence[str], groups: Sequence[str] = (), lasting: bool = True
) -> bool:
    """Create an account when there is none of that name (for the first start and the demo); say whether it is new."""
    system = Actor("system", frozenset({"admin"}))
    try:
        await create_user(hub, system, name, password, roles=roles, groups=groups, lasting=lasting)
    except ConflictError:
        return False
    return True


async def account(hub: Hub, actor: Actor, name: str) -> Account:
    """Return an account."""
    actor.require("keep accounts")
    async with hub.store.read() as db:
        row = await users.find(db, name)
    if row is None:
        raise _unknown(name)
    return _account(row)


async def list_users(hub: Hub, actor: Actor) -> list[Account]:
    """Return all accounts."""
    actor.require("see the accounts", "manager", "auditor")
    async with hub.store.read() as db:
        return [_account(row) for row in await users.list_all(db)]


async def find_users(
    hub: Hub, actor: Actor, wanted: Wanted, *, after: str | None = None, before: str | None = None, limit: int = 50
) -> Accounts:
    """Return a page of the accounts that are wanted, by name."""
    actor.require("see the accounts", "manager", "auditor")
    async with hub.store.read() as db:
        page = await people_list.page(db, wanted, after=after, before=before, limit=limit)
    return Accounts(tuple(_account(row) for row in page.rows), page.after, page.before)


async def list_groups(hub: Hub, actor: Actor) -> list[str]:
    """Return the groups that somebody is in."""
    actor.require("see the accounts", "manager", "auditor")
    async with hub.store.read() as db:
        return await people_list.groups(db)


async def authenticate(hub: Hub, name: str, password: str, *, known: bool = False) -> Actor:
    """Return who logs in with a password; whoever has a second step is not in yet.

    A browser is `known` on which they were logged in before: wrong passwords of others elsewhere do not lock it.
    """
    row = await proving.prove(hub, name, password, known=known)
    async with hub.store.transaction() as db:
        # With a second step the count goes on there, or a known password would set it back between guesses.
        if not await second_factors.confirmed(db, name):
            await proving.note_login(db, row, known=known)
    return _actor(row)


async def actor_of(hub: Hub, name: str) -> Actor:
    """Return the person of an account that is active, with the roles they have now."""
    async with hub.store.read() as db:
        found = await actor_in(db, name)
    if found is None:
        raise not_active()
    return found


def not_active() -> UnauthenticatedError:
    """Return the error of whose account is closed."""
    return UnauthenticatedError("This account is not active any more.", hint="Ask an admin.")


async def actor_in(db: Db, name: str) -> Actor | None:
    """Return an account that is active as who would ask, with what they hold for others today."""
    return await actor_with(db, await users.find(db, name))


async def actor_with(db: Db, row: User | None) -> Actor | None:
    """Return the account of a row as who would ask, as `actor_in` does by its name."""
    if row is None or not row.active:
        return None
    return replace(_actor(row), stands_in=await _stands_in(db, row.name), grants=await permissions.grants(db))


async def actors_in(db: Db) -> list[Actor]:
    """Return all accounts that are active as who would ask; what they hold for others is not looked up."""
    granted = await permissions.grants(db)
    return [replace(_actor(row), grants=granted) for row in await users.list_all(db) if row.active]


async def create_token(
    hub: Hub, actor: Actor, *, label: str = "", scopes: Sequence[str] = (), expires_in: timedelta | None = None
) -> str:
    """Create a token with which a program acts as the actor (limited to the roles in `scopes`, if any are given).

    This is the only time that the token can be seen.
    """
    # Who calls with a limited token makes none that is less so.
    limited = frozenset(scopes)
    if foreign := sorted(limited - _within(actor.roles, limited)):
        raise InputError(
            f"A token cannot have roles that '{actor.name}' lacks: {', '.join(foreign)}.", hint="Leave them out."
        )
    token = token_prefix + secrets.token_urlsafe(32)
    expires_at = utc_now() + expires_in if expires_in else None
    async with hub.store.transaction() as db:
        row = await users.find(db, actor.name)
        if row is None:
            raise NotFoundError(f"There is no account '{actor.name}'.", hint="Tokens belong to accounts.")
        kept = sorted(limited or actor.roles)
        if not limited and actor.roles == frozenset(row.roles):
            kept = []
        elif not kept:
            raise ForbiddenError("A token that may do nothing makes no others.", hint="Use another one.")
        await users.add_token(db, token, actor.name, label=label, scopes=kept, expires_at=expires_at)
        await audit.append(db, actor.name, "token.create", actor.name, {"label": label, "scopes": kept})
    return token


async def actor_of_token(hub: Hub, token: str) -> Actor:
    """Return who a token stands for."""
    async with hub.store.read() as db:
        known = await users.find_token(db, token)
        row = await users.find(db, known.user) if known else None
        shares = await _stands_in(db, known.user) if known else ()
        granted = await permissions.grants(db)
    if known is None or row is None or not row.active or any(each.startswith(for_calendars) for each in known.scopes):
        raise UnauthenticatedError("The token is not known, or has expired.", hint="Create a new one.")
    # Noted once an hour: a write for every request of a program would be a queue for everybody else.
    if known.last_used is None or utc_now() - known.last_used > timedelta(hours=1):
        async with hub.store.transaction() as db:
            await users.note_token_use(db, token)
    actor = _actor(row)
    roles_now = _within(actor.roles, frozenset(known.scopes))
    return replace(actor, roles=roles_now, stands_in=shares, grants=granted, limited=bool(known.scopes))


def _within(held: frozenset[str], limits: frozenset[str]) -> frozenset[str]:
    """Return what a token limited to `limits` may do for somebody with these roles; an admin has them all."""
    if not limits:
        return held
    return limits & (held.union(scopes) if "admin" in held else held)


async def _stands_in(db: Db, name: str) -> tuple[Share, ...]:
    """Return what somebody holds today for people who are away."""
    day = local_day(utc_now())
    away = await absences.on(db, day)
    return shares_of(away, name, day, await absences.gone(db, away))


def _least(hub: Hub) -> int:
    return hub.settings.password_min_length


def _check(name: str, wanted: Sequence[str], *, password_problem: str = "") -> None:
    errors = []
    if not name or name != name.strip() or any(character.isspace() for character in name):
        errors.append({"pointer": "/name", "problem": "A name is needed, without spaces."})
    if password_problem:
        errors.append({"pointer": "/password", "problem": password_problem})
    if unknown := sorted(set(wanted) - set(roles)):
        known = ", ".join(roles)
        errors.append({"pointer": "/roles", "problem": f"Unknown: {', '.join(unknown)}. There are {known}."})
    if errors:
        raise InputError(errors[0]["problem"], hint="Nothing was changed.", errors=errors)


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(f"There is no account '{name}'.", hint="`cauce users list` shows those there are.")


def _actor(row: User) -> Actor:
    return Actor(row.name, frozenset(row.roles), frozenset(row.groups), row.locale)


def _account(row: User) -> Account:
    return Account(
        *(row.name, row.full_name, tuple(row.roles), tuple(row.groups), row.locale, row.active, row.locked_until),
        local=bool(row.password_hash),
        password_to_change=row.password_to_change,
    )
