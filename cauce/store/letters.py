"""The mails that tell people what they are told: each notification goes into one letter, and each letter out once.

A letter is made in the transaction that takes its notifications, so that of several processes one makes it. It stays
`due` until somebody knows what became of it; whoever dies in between leaves it to the next one who looks.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from cauce.store.base import utc_now
from cauce.store.models import Letter, Notification, NotificationChoice, User
from cauce.store.session import Db
from cauce.store.upsert import changed

_MOST: Final = 50
_LOOK_AGAIN: Final = timedelta(minutes=10)
_LONGEST_PROBLEM: Final = 500


def _waits(before: datetime) -> ColumnElement[bool]:
    daily = and_(Notification.mail == "daily", Notification.at < before)
    return or_(Notification.mail == "due", daily)


async def people(db: Db, before: datetime) -> list[str]:
    """Return whom there is something to write to: at once, or what was for the day that ended at `before`."""
    return list(await db.scalars(select(Notification.person).where(_waits(before)).distinct().limit(500)))


async def make(db: Db, person: str, before: datetime) -> list[str]:
    """Make the letters to one person: of what is to be told at once, and of the day that is over.

    Whoever has no address any more, or is not active, gets none.
    """
    choice = select(NotificationChoice.email).join(User, User.name == NotificationChoice.person)
    email = await db.scalar(choice.where(User.name == person, User.active.is_(True)))
    mine = Notification.person == person
    if not email:
        await changed(db, update(Notification).where(mine, _waits(before)).values(mail=""))
        return []
    # What somebody has read by the end of the day is no news.
    read = Notification.mail == "daily", Notification.read_at.is_not(None), Notification.at < before
    await changed(db, update(Notification).where(mine, *read).values(mail=""))
    made = []
    for digest, which in (
        (False, [Notification.mail == "due"]),
        (True, [_waits(before), Notification.mail == "daily"]),
    ):
        letter = uuid.uuid4().hex
        order = Notification.at, Notification.id
        some = select(Notification.id).where(mine, *which).order_by(*order).limit(_MOST)
        take = update(Notification).where(Notification.id.in_(some), *which).values(mail="taken", letter=letter)
        if await changed(db, take):
            db.add(Letter(id=letter, person=person, email=email, digest=digest, made_at=utc_now()))
            made.append(letter)
    return made


async def begin(db: Db, limit: int = 100) -> list[tuple[str, int]]:
    """Take letters that nobody is sending, or has been for long; returns them with their attempts."""
    now = utc_now()
    idle = or_(Letter.begun_at.is_(None), Letter.begun_at < now - _LOOK_AGAIN)
    some = select(Letter.id).where(Letter.state == "due", idle).order_by(Letter.made_at, Letter.id).limit(limit)
    take = update(Letter).where(Letter.id.in_(some), Letter.state == "due", idle).values(begun_at=now)
    return [(id_, attempt) for id_, attempt in await db.execute(take.returning(Letter.id, Letter.attempt))]


async def are_waiting(db: Db) -> bool:
    """Tell whether there is a letter that nobody is sending."""
    idle = or_(Letter.begun_at.is_(None), Letter.begun_at < utc_now() - _LOOK_AGAIN)
    return await db.scalar(select(Letter.id).where(Letter.state == "due", idle).limit(1)) is not None


async def find(db: Db, letter: str) -> Letter | None:
    """Return a letter."""
    return await db.get(Letter, letter, populate_existing=True)


async def told_in(db: Db, letter: str) -> Sequence[Notification]:
    """Return what a letter tells, the oldest first."""
    query = select(Notification).where(Notification.letter == letter)
    return (await db.scalars(query.order_by(Notification.at, Notification.id))).all()


async def end(db: Db, letter: str, state: str, problem: str = "") -> bool:
    """Note what became of a letter; what is known of it already stays."""
    values = {"state": state, "problem": problem[:_LONGEST_PROBLEM], "ended_at": utc_now()}
    return bool(await changed(db, update(Letter).where(Letter.id == letter, Letter.state == "due").values(**values)))


async def again(db: Db, letter: str) -> bool:
    """Have a lost letter sent, as another attempt; False when it is not lost."""
    values = {"state": "due", "attempt": Letter.attempt + 1, "begun_at": None, "ended_at": None}
    return bool(await changed(db, update(Letter).where(Letter.id == letter, Letter.state == "lost").values(**values)))


async def page(db: Db, state: str | None, limit: int) -> Sequence[Letter]:
    """Return letters, the newest first."""
    query = select(Letter).order_by(Letter.made_at.desc(), Letter.id).limit(limit)
    return (await db.scalars(query if state is None else query.where(Letter.state == state))).all()


async def counts(db: Db) -> dict[str, int]:
    """Return how many letters are due, sent and lost."""
    rows = (await db.execute(select(Letter.state, func.count()).group_by(Letter.state))).tuples()
    found = dict(rows.all())
    return {state: found.get(state, 0) for state in ("due", "sent", "lost")}
