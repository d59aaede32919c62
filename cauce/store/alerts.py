"""Alerts: at most one raised for each thing, kept with who knows of it for as long as people may want to look back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, select, update

from cauce.store.models import Alert, Turn
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new

JSON = Any
KEPT: Final = timedelta(days=90)
# Of the events that tell of alerts, and of no others.
SOURCE: Final = "/cauce/alerts"


async def my_turn(db: Db, name: str, now: datetime, pause: timedelta) -> bool:
    """Ask to be the one who does something that is done once in a while for all processes."""
    if await insert_new(db, Turn, {"name": name, "at": now}):
        return True
    due = update(Turn).where(Turn.name == name, Turn.at <= now - pause).values(at=now)
    return bool(await changed(db, due))


async def raised(db: Db) -> Sequence[Alert]:
    """Return the alerts that are raised, the oldest first."""
    return (await db.scalars(select(Alert).where(Alert.open_for.is_not(None)).order_by(Alert.id))).all()


async def latest(db: Db, limit: int) -> Sequence[Alert]:
    """Return the alerts that are raised and the last of the others, the newest first."""
    query = select(Alert).order_by(Alert.open_for.is_(None), Alert.id.desc()).limit(limit)
    return (await db.scalars(query)).all()


async def raise_(db: Db, subject: str, name: str, severity: str, causes: JSON, now: datetime) -> Alert | None:
    """Raise an alert; None when somebody else has raised one for the same thing this moment."""
    key = f"{subject}/{name}"
    values = {"subject": subject, "name": name, "open_for": key, "severity": severity, "causes": causes}
    rest = {"raised_at": now, "changed_at": now, "acknowledged_by": "", "note": ""}
    if not await insert_new(db, Alert, values | rest):
        return None
    return (await db.scalars(select(Alert).where(Alert.open_for == key))).one()


async def find(db: Db, alert_id: int) -> Alert | None:
    """Return an alert."""
    return await db.get(Alert, alert_id)


async def forget(db: Db, now: datetime) -> None:
    """Delete the alerts that were resolved long ago."""
    await changed(db, delete(Alert).where(Alert.resolved_at < now - KEPT))
