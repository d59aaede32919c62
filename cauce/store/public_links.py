"""The addresses at which people answer a form without an account: made once for a reference, answered once."""

import uuid
from datetime import timedelta

from sqlalchemy import update

from cauce.store.base import JSON, utc_now
from cauce.store.models import PublicLink
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new


def id_of(reference: str) -> str:
    """Return the number of the address that was made for a reference."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"public link\n{reference}"))


async def make(
    db: Db, reference: str, *, form: str, type_: str, subject: str, days: int, language: str = "", data: JSON = None
) -> str:
    """Make an address and return its number; with the same reference it is the same one."""
    about = {"form": form, "type": type_, "subject": subject, "language": language, "data": data}
    now, id_ = utc_now(), id_of(reference)
    await insert_new(db, PublicLink, {"id": id_, **about, "made_at": now, "until": now + timedelta(days=days)})
    return id_


async def find(db: Db, id_: str) -> PublicLink | None:
    """Return an address."""
    return await db.get(PublicLink, id_, populate_existing=True)


async def answered(db: Db, id_: str) -> bool:
    """Note that somebody answered; False when somebody had already."""
    mine = PublicLink.id == id_, PublicLink.answered_at.is_(None)
    return bool(await changed(db, update(PublicLink).where(*mine).values(answered_at=utc_now())))
