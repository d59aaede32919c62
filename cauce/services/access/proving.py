"""Proving with a password who one is, and what several wrong ones lock.

An account is locked for browsers on which its person was never logged in; those that are known count for themselves.
Otherwise whoever knows a name could keep its person out for as long as they like.
"""

import asyncio
import secrets
from datetime import timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cauce.errors import UnauthenticatedError
from cauce.services.access import passwords
from cauce.services.hub import Hub
from cauce.store import audit, users
from cauce.store.base import utc_now
from cauce.store.models import User
from cauce.store.session import Db

hasher = PasswordHasher()


async def prove(hub: Hub, name: str, password: str, *, known: bool = False) -> User:
    """Return the account that a password is right for; several wrong ones lock it for a while, for right ones too."""
    async with hub.store.read() as db:
        row = await users.find(db, name)
    active = row is not None and row.active
    password_hash = row.password_hash if row and active else await asyncio.to_thread(_nobodys_hash)
    right = len(password) <= passwords.longest and await asyncio.to_thread(_is_right, password_hash, password)
    if not active:
        raise _refused()
    old = right and hasher.check_needs_rehash(password_hash)
    again = await asyncio.to_thread(hasher.hash, password) if old else ""
    async with hub.store.transaction() as db:
        # Looked at only now, and one after the other: of many guesses at once no more count than of guesses in a row.
        row = await users.find(db, name, lock=True)
        if row is None:
            raise _refused()
        check_open(row, known=known)
        right = right and row.password_hash == password_hash
        if not right:
            await note_failure(hub, db, name, known=known)
        elif again:
            # Its password was hashed when less work was thought to be enough.
            row.password_hash = again
    if not right:
        raise _refused()
    return row


async def note_failure(hub: Hub, db: Db, name: str, *, known: bool) -> None:
    """Count a wrong password or code, which locks the account after several."""
    lock_for = timedelta(minutes=hub.settings.login_lock_minutes)
    await users.note_failure(db, name, limit=hub.settings.login_attempts, lock_for=lock_for, known=known)
    await audit.append(db, name, "user.login-failed", name, {"known": True} if known else None)


async def note_login(db: Db, row: User, *, known: bool) -> None:
    """Note that somebody is in, and forget what was wrong before."""
    if row.failed_logins or row.locked_until or row.known_failed_logins:
        await users.note_success(db, row.name, known=known)
    await audit.append(db, row.name, "user.login", row.name)


def check_open(row: User, *, known: bool) -> None:
    """Raise UnauthenticatedError while an account is locked."""
    until = row.known_locked_until if known else row.locked_until
    if until and until > utc_now():
        raise UnauthenticatedError(
            "The account is locked after several wrong passwords.",
            hint=f"Try again after {until:%H:%M} UTC.",
        )


@cache
def _nobodys_hash() -> str:
    """Return what is checked where there is no such account, so that the answer takes as long as where there is one."""
    return hasher.hash(secrets.token_hex())


def _is_right(password_hash: str, password: str) -> bool:
    try:
        return hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _refused() -> UnauthenticatedError:
    return UnauthenticatedError(
        "Name or password is wrong.", hint="Several wrong passwords lock the account for a while."
    )
