"""One connection in full, as its page shows it: what each operation does, takes and gives, and how it is mapped."""

from dataclasses import dataclass
from typing import Any

from cauce import connection as connections
from cauce.connector import Effect
from cauce.services import published
from cauce.services.certification import implemented
from cauce.services.connections import ConnectionView, view
from cauce.services.hub import Actor, Hub
from cauce.services.limits import standing

JSON = Any


@dataclass(frozen=True, slots=True)
class OperationDetail:
    """One operation: its contract, its mapping, and how a lost write is found."""

    name: str
    title: JSON
    description: JSON
    effect: Effect
    calls: str
    request: str
    response: str
    input: JSON
    output: JSON
    key: str | None
    find: str | None
    errors: JSON


@dataclass(frozen=True, slots=True)
class ConnectionDetail:
    """A published connection; its settings are not part of it, because people who may see it may not see those."""

    view: ConnectionView
    description: JSON
    operations: tuple[OperationDetail, ...]


async def detail(hub: Hub, actor: Actor, name: str) -> ConnectionDetail:
    """Return a published connection.

    Raises:
        NotFoundError: There is none of that name.
    """
    actor.require("see connections", "designer", "integrator", "manager", "operator", "auditor", "staff")
    async with hub.store.read() as db:
        row = await published.connection(db, name)
        capabilities = (await implemented(db, [row]))[name]
        shown = view(row, capabilities, await standing(db))
    written = row.document.get("operations") or {}
    operations = tuple(
        OperationDetail(
            each.name,
            written[each.name].get("title"),
            written[each.name].get("description"),
            each.effect,
            each.calls,
            each.request,
            each.response,
            each.input,
            each.output,
            each.idempotency_key,
            each.find,
            dict(each.errors),
        )
        for each in connections.parse(row.document).operations.values()
    )
    return ConnectionDetail(shown, row.document.get("description"), operations)
