"""What people are told in the hub: written once, read, and sent by mail to those who want it so."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select

from cauce.store.base import utc_now
from cauce.store.models import Notification, NotificationChoice, User
from cauce.store.session import Db
from cauce.store.upsert import insert_new

Mail = Literal["", "due", "daily", "sent", "lost"]
ByMail = Literal["", "due", "daily"]


@dataclass(frozen=True, slots=True)
class Told:
    """One notification for one person, as it is to be written."""

    id: str
    person: str
    title: str
    text: str
    link: str = ""
    instance: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who is told something, with their language and how they want to hear of it."""

    name: str
    locale: str
    mail: str = ""
    email: str = ""


async def readers(db: Db, *, group: str | None = None, person: str | None = None) -> list[Reader]:
    """Return the active people of a group, or one person, by name."""
    how = NotificationChoice
    query = select(User, how.mail, how.email).outerjoin(how, how.person == User.name)
    query = query.where(User.active.is_(True)).order_by(User.name)
    rows = (await db.execute(query if person is None else query.where(User.name == person))).all()
    return [
        Reader(user.name, user.locale, mail or "", email or "")
        for user, mail, email in rows
        if person is not None or group in user.groups
    ]


async def add(db: Db, told: Told, by_mail: str) -> None:
    """Tell somebody something; the same id twice is one notification."""
    values = {"id": told.id, "person": told.person, "title": told.title, "text": told.text, "link": told.link}
    rest = {"instance": told.instance, "at": utc_now(), "mail": by_mail}
    await insert_new(db, Notification, values | rest)
