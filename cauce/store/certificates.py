"""Certificates: which version of a connection was tried for which capability, and what came of it."""

from collections.abc import Collection, Mapping

from sqlalchemy import func, select

from cauce.store.base import JSON
from cauce.store.models import Certificate
from cauce.store.session import Db


async def add(
    db: Db, connection: str, capability: str, *, version: str, digest: str, passed: bool, checks: JSON, by: str
) -> None:
    """Note what was found out now; `digest` is that of the connection and the capability together."""
    fact = {"connection": connection, "capability": capability, "version": version, "digest": digest, "by": by}
    db.add(Certificate(**fact, passed=passed, checks=checks))
    await db.flush()


async def latest(db: Db, connections: Collection[str]) -> Mapping[tuple[str, str], Certificate]:
    """Return the last certificate of each capability of these connections."""
    newest = (
        select(func.max(Certificate.id))
        .where(Certificate.connection.in_(connections))
        .group_by(Certificate.connection, Certificate.capability)
    )
    rows = await db.scalars(select(Certificate).where(Certificate.id.in_(newest)))
    return {(row.connection, row.capability): row for row in rows}
