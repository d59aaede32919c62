"""The catalogue behind a connection: its tables, their columns and keys, procedures, and what rows look like."""

from collections.abc import Mapping
from typing import Any, Final

from cauce import connection as connections
from cauce import registry
from cauce.connector import Browsable
from cauce.errors import NotFoundError, PermanentError
from cauce.services import published
from cauce.services.hub import Actor, Hub
from cauce.store import audit

JSON = Any
most_rows: Final = 20
_timeout_s: Final = 30.0


async def browse(hub: Hub, actor: Actor, name: str, place: str = "", rows: int = 0) -> Mapping[str, JSON]:
    """Return what there is at a place of a connection's catalogue; rows are masked, and who looked is kept."""
    actor.require("browse connections", "integrator")
    async with hub.store.read() as db:
        row = await published.connection(db, name)
    async with registry.open_connection(connections.parse(row.document), hub.resolver) as opened:
        if not isinstance(opened.connector, Browsable):
            raise PermanentError(
                f"Connection '{name}' has no catalogue to browse.", hint="Connections of kind odbc have one."
            )
        found = dict(await opened.connector.browse(place, max(0, min(rows, most_rows)), _timeout_s))
    found.pop("is", None)
    if found.get("what") == "nothing":
        raise NotFoundError(
            f"There is no '{place}' behind connection '{name}'.", hint=connections.did_you_mean(place, found["known"])
        )
    if rows:
        async with hub.store.transaction() as db:
            await audit.append(db, actor.name, "connection.browse", name, {"place": place})
    return found
