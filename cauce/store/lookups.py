"""What look-ups answered last, for when the system that was asked does not answer."""

import hashlib
import json
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, update

from cauce.store.base import JSON, utc_now
from cauce.store.models import Lookup
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new

_KEPT: Final = timedelta(days=30)


def key_of(call: str, params: JSON) -> str:
    """Return the key of a question to a connection."""
    text = json.dumps([call, params], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


async def last(db: Db, key: str) -> Lookup | None:
    """Return what was answered last, unless it is too old to be told to anybody."""
    row = await db.get(Lookup, key, populate_existing=True)
    return row if row is not None and utc_now() - row.at < _KEPT else None


async def keep(db: Db, key: str, call: str, answer: JSON) -> None:
    """Keep an answer, and forget those that are too old."""
    now = utc_now()
    await changed(db, delete(Lookup).where(Lookup.at < now - _KEPT))
    if not await insert_new(db, Lookup, {"key": key, "call": call, "answer": answer, "at": now}):
        await changed(db, update(Lookup).where(Lookup.key == key).values(answer=answer, at=now))
