"""The browsers that people are logged in on."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update

from cauce.store.base import utc_now
from cauce.store.models import LoginSession, User
from cauce.store.session import Db
from cauce.store.upsert import changed


async def add(db: Db, key: str, user: str, *, address: str, browser: str, by_password: bool) -> None:
    """Note that somebody logged in on a browser."""
    db.add(LoginSession(id=key, user=user, address=address, browser=browser, by_password=by_password))
    await db.flush()


async def with_user(db: Db, key: str) -> tuple[LoginSession, User] | tuple[None, None]:
    """Return a session and whose it is, or nothing when it was ended."""
    query = select(LoginSession, User).join(User, User.name == LoginSession.user).where(LoginSession.id == key)
    found = (await db.execute(query)).one_or_none()
    return (None, None) if found is None else (found[0], found[1])


async def note_use(db: Db, key: str) -> None:
    """Remember when a session was used last."""
    await changed(db, update(LoginSession).where(LoginSession.id == key).values(last_used=utc_now()))


async def of_user(db: Db, user: str, since: datetime) -> Sequence[LoginSession]:
    """Return the sessions of somebody that began after a moment, the one used last first."""
    query = select(LoginSession).where(LoginSession.user == user, LoginSession.began_at > since)
    return (await db.scalars(query.order_by(LoginSession.last_used.desc(), LoginSession.id))).all()


async def end(db: Db, user: str, key: str) -> bool:
    """End one session of somebody; return False when there is no such."""
    return await changed(db, delete(LoginSession).where(LoginSession.user == user, LoginSession.id == key)) == 1


async def end_all(db: Db, user: str, *, but: str = "", before: datetime | None = None) -> int:
    """End the sessions of somebody, but for one, or only those that began before a moment; return how many."""
    statement = delete(LoginSession).where(LoginSession.user == user, LoginSession.id != but)
    return await changed(db, statement.where(LoginSession.began_at < before) if before else statement)
