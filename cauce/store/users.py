"""Local accounts and the tokens of programs; hashing of passwords is the services' business."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import case, delete, select, update

from cauce.store.base import JSON, utc_now
from cauce.store.models import ApiToken, User
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new

_open_known: Final[dict[str, JSON]] = {"known_failed_logins": 0, "known_locked_until": None}
_open: Final[dict[str, JSON]] = {"failed_logins": 0, "locked_until": None, **_open_known}


async def add(
    db: Db,
    name: str,
    *,
    password_hash: str,
    password_to_change: bool = False,
    roles: Sequence[str],
    groups: Sequence[str] = (),
    full_name: str = "",
    locale: str = "en",
) -> bool:
    """Add an account; return False when the name is taken."""
    values = {
        "name": name,
        "password_hash": password_hash,
        "password_to_change": password_to_change,
        "roles": sorted(roles),
        "groups": sorted(groups),
        "full_name": full_name,
        "locale": locale,
        "active": True,
        "failed_logins": 0,
        "known_failed_logins": 0,
    }
    return await insert_new(db, User, values)


async def find(db: Db, name: str, *, lock: bool = False) -> User | None:
    """Return an account, or None when there is no such; with `lock` nobody else changes it until the end."""
    return await db.get(User, name, populate_existing=True, with_for_update=lock)


async def of_subject(db: Db, subject: str) -> User | None:
    """Return the account of somebody whom the OpenID provider knows by this subject."""
    return await db.scalar(select(User).where(User.subject == subject))


async def bind(db: Db, name: str, subject: str) -> None:
    """Say who the person of an account is at the OpenID provider."""
    await db.execute(update(User).where(User.name == name).values(subject=subject))


async def list_all(db: Db) -> Sequence[User]:
    """Return all accounts by name."""
    return (await db.scalars(select(User).order_by(User.name))).all()


async def change(
    db: Db,
    name: str,
    *,
    password_hash: str | None = None,
    password_to_change: bool | None = None,
    roles: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    active: bool | None = None,
) -> bool:
    """Change what is given of an account, and open it if it was locked; return False when there is no such."""
    given = {
        "password_hash": password_hash,
        "password_to_change": password_to_change,
        "roles": None if roles is None else sorted(roles),
        "groups": None if groups is None else sorted(groups),
        "active": active,
    }
    values = {key: value for key, value in given.items() if value is not None}
    statement = update(User).where(User.name == name).values(**values, **_open)
    return await changed(db, statement) == 1


def rights(row: User) -> dict[str, JSON]:
    """Return what an account may: its roles and groups, and whether it is open."""
    return {"roles": list(row.roles), "groups": list(row.groups), "active": row.active}


def changed_rights(before: Mapping[str, JSON], row: User) -> dict[str, JSON]:
    """Return what of an account's rights is otherwise than before, with how it was; nothing when all is the same."""
    now = {key: value for key, value in rights(row).items() if value != before[key]}
    return {**now, "before": {key: before[key] for key in now}} if now else {}


async def note_failure(db: Db, name: str, *, limit: int, lock_for: timedelta, known: bool) -> None:
    """Count a wrong password; at `limit` of them the account is locked for a while and the count starts anew.

    Those from browsers that are `known` are counted by themselves, and lock only such.
    """
    count, lock = (
        (User.known_failed_logins, User.known_locked_until) if known else (User.failed_logins, User.locked_until)
    )
    values = {
        count: case((count + 1 >= limit, 0), else_=count + 1),
        lock: case((count + 1 >= limit, utc_now() + lock_for), else_=lock),
    }
    await changed(db, update(User).where(User.name == name).values(values))


async def note_success(db: Db, name: str, *, known: bool) -> None:
    """Forget the wrong passwords before a right one; on a `known` browser only those of such."""
    values = dict(_open_known if known else _open)
    await changed(db, update(User).where(User.name == name).values(**values))


async def add_token(
    db: Db, token: str, user: str, *, label: str = "", scopes: Sequence[str] = (), expires_at: datetime | None = None
) -> None:
    """Keep the hash of a token; the token itself is known to its owner only."""
    db.add(
        ApiToken(token_sha256=fingerprint(token), user=user, label=label, scopes=list(scopes), expires_at=expires_at)
    )
    await db.flush()


async def find_token(db: Db, token: str) -> ApiToken | None:
    """Return what is known of a token that has not expired."""
    row = await db.get(ApiToken, fingerprint(token))
    return None if row is None or (row.expires_at and row.expires_at <= utc_now()) else row


async def tokens_of(db: Db, user: str) -> Sequence[ApiToken]:
    """Return the tokens of an account, the newest first, those that have expired among them."""
    query = select(ApiToken).where(ApiToken.user == user)
    return (await db.scalars(query.order_by(ApiToken.created_at.desc(), ApiToken.token_sha256))).all()


async def end_token(db: Db, user: str, token_sha256: str) -> bool:
    """Make a token worth nothing; return False when the account has no such."""
    statement = delete(ApiToken).where(ApiToken.user == user, ApiToken.token_sha256 == token_sha256)
    return await changed(db, statement) == 1


async def note_token_use(db: Db, token: str) -> None:
    """Remember when a token was used last."""
    await changed(db, update(ApiToken).where(ApiToken.token_sha256 == fingerprint(token)).values(last_used=utc_now()))


def fingerprint(token: str) -> str:
    """Return the hash under which a token is kept; it is random and long, so a fast hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
