"""The second step of people's logins: who has one, and which of its codes were taken."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from cauce.store.base import utc_now
from cauce.store.models import SecondFactor
from cauce.store.session import Db
from cauce.store.upsert import changed


async def find(db: Db, user: str) -> SecondFactor | None:
    """Return the second step of somebody, confirmed or not; who changes it is alone with it until the end."""
    query = select(SecondFactor).where(SecondFactor.user == user).with_for_update()
    return (await db.scalars(query.execution_options(populate_existing=True))).one_or_none()


async def confirmed(db: Db, user: str) -> SecondFactor | None:
    """Return the second step that somebody's login takes, or None when the password is enough."""
    query = select(SecondFactor).where(SecondFactor.user == user, SecondFactor.confirmed_at.is_not(None))
    return (await db.scalars(query.execution_options(populate_existing=True))).one_or_none()


async def offer(db: Db, user: str, secret: str) -> None:
    """Keep the secret that somebody is to confirm; one that was offered before and not confirmed is forgotten."""
    await remove(db, user)
    db.add(SecondFactor(user=user, secret=secret, recovery=[]))
    await db.flush()


async def confirm(db: Db, user: str, recovery: Sequence[str]) -> None:
    """Let the second step count from now on."""
    await changed(
        db,
        update(SecondFactor).where(SecondFactor.user == user).values(confirmed_at=utc_now(), recovery=list(recovery)),
    )


async def take_step(db: Db, user: str, step: int) -> bool:
    """Take the code of a time step; return False when it, or a later one, was taken before."""
    statement = update(SecondFactor).where(SecondFactor.user == user, SecondFactor.last_step < step)
    return await changed(db, statement.values(last_step=step)) == 1


async def keep_recovery(db: Db, user: str, recovery: Sequence[str]) -> None:
    """Keep the hashes of the recovery codes that are left, or of new ones."""
    await changed(db, update(SecondFactor).where(SecondFactor.user == user).values(recovery=list(recovery)))


async def remove(db: Db, user: str) -> bool:
    """Take the second step away; return False when there was none."""
    return await changed(db, delete(SecondFactor).where(SecondFactor.user == user)) == 1
