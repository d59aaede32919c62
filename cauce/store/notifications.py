"""What people are told in the hub: written once, read, and sent by mail to those who want it so."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from sqlalchemy import func, literal, select, tuple_, update

from cauce.store.base import JSON, utc_now
from cauce.store.models import Notification, NotificationChoice, User
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new

# What processes tell, tasks that somebody is given, what is left lying or late, and where somebody is named.
Kind = Literal["told", "task", "late", "mention"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)
How = Literal["none", "at-once", "daily"]
_WAITS_AS: Final[Mapping[str, str]] = {"at-once": "due", "daily": "daily"}


@dataclass(frozen=True, slots=True)
class Told:
    """One notification for one person, as it is to be written."""

    id: str
    person: str
    title: str
    text: str
    link: str = ""
    instance: str = ""
    kind: Kind = "told"


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who is told something, with their language and how they want to hear of each kind."""

    name: str
    locale: str
    kinds: Mapping[str, str] = field(default_factory=dict)
    email: str = ""

    def by_mail(self, kind: Kind) -> str:
        """Return what a notification of a kind waits as, to be sent; nothing for no mail."""
        return _WAITS_AS.get(self.kinds.get(kind, ""), "") if self.email else ""


def label(text: JSON, locale: str) -> str:
    """Return a label of a definition in somebody's language, or in one that it has."""
    if isinstance(text, Mapping):
        return str(text.get(locale) or next(iter(text.values()), ""))
    return str(text or "")


async def readers(db: Db, *, group: str | None = None, person: str | None = None) -> list[Reader]:
    """Return the active people of a group, or one person, by name."""
    how = NotificationChoice
    query = select(User, how.kinds, how.email).outerjoin(how, how.person == User.name)
    query = query.where(User.active.is_(True)).order_by(User.name)
    rows = (await db.execute(query if person is None else query.where(User.name == person))).all()
    return [
        Reader(user.name, user.locale, kinds or {}, email or "")
        for user, kinds, email in rows
        if person is not None or group in user.groups
    ]


async def add(db: Db, told: Told, by_mail: str) -> None:
    """Tell somebody something; the same id twice is one notification. `by_mail` is what `Reader.by_mail` says."""
    values = {"id": told.id, "person": told.person, "title": told.title, "text": told.text, "link": told.link}
    rest = {"instance": told.instance, "at": utc_now(), "mail": by_mail, "kind": told.kind}
    await insert_new(db, Notification, values | rest)


async def of_person(db: Db, person: str, *, unread: bool, after: str | None, limit: int) -> Sequence[Notification]:
    """Return what somebody is told, the newest first; `after` is the id of the last that is known."""
    query = select(Notification).where(Notification.person == person)
    if unread:
        query = query.where(Notification.read_at.is_(None))
    last = await find(db, person, after) if after else None
    if last is not None:
        query = query.where(tuple_(Notification.at, Notification.id) < tuple_(literal(last.at), literal(last.id)))
    return (await db.scalars(query.order_by(Notification.at.desc(), Notification.id.desc()).limit(limit))).all()


async def find(db: Db, person: str, notification_id: str) -> Notification | None:
    """Return something that somebody is told; what others are told is not there."""
    row = await db.get(Notification, notification_id, populate_existing=True)
    return row if row is not None and row.person == person else None


async def unread(db: Db, person: str) -> int:
    """Return how much somebody has not read."""
    mine = Notification.person == person, Notification.read_at.is_(None)
    return await db.scalar(select(func.count()).select_from(Notification).where(*mine)) or 0


async def mark(db: Db, person: str, ids: Collection[str] | None, *, read: bool) -> int:
    """Mark what somebody is told, some or all, as read or unread; returns how many changed."""
    wanted = Notification.read_at.is_(None) if read else Notification.read_at.is_not(None)
    statement = update(Notification).where(Notification.person == person, wanted)
    if ids is not None:
        statement = statement.where(Notification.id.in_(list(ids)))
    return await changed(db, statement.values(read_at=utc_now() if read else None))


async def choice(db: Db, person: str) -> tuple[str, Mapping[str, str]]:
    """Return where somebody gets mail, and how they want to hear of each kind."""
    row = await db.get(NotificationChoice, person, populate_existing=True)
    return (row.email, row.kinds) if row is not None else ("", {})


async def choose(db: Db, person: str, *, email: str | None = None, kinds: Mapping[str, str] | None = None) -> None:
    """Keep where somebody gets mail, how they want to hear of each kind, or both."""
    given = {key: value for key, value in (("email", email), ("kinds", kinds)) if value is not None}
    if not await insert_new(db, NotificationChoice, {"person": person, "email": "", "kinds": {}, **given}):
        await changed(db, update(NotificationChoice).where(NotificationChoice.person == person).values(**given))
