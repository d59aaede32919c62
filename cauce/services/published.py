"""Finds what is published by its name, or says what is meant perhaps."""

from cauce import connection as connections
from cauce.errors import NotFoundError
from cauce.store import definitions
from cauce.store.models import Definition
from cauce.store.session import Db


async def connection(db: Db, name: str) -> Definition:
    """Return the connection of this name as it is published now; raises `NotFoundError`."""
    row = await definitions.find(db, "connection", "", name)
    if row is None:
        known = [each.name for each in await definitions.latest(db, "connection")]
        raise NotFoundError(f"There is no connection '{name}'.", hint=connections.did_you_mean(name, known))
    return row
