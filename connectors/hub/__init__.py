"""The hub's own data as a connection: customers, what was said to them, their cases, and the register of roll-outs.

The operations of its file call `find-customer`, `list-customers`, `save-customer`, `record-interaction`,
`find-interaction` and `list-interactions`, and those in `cases`, `costs`, `files`, `links` and `register`.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import Any, Final

from pydantic import Field, SecretStr

from cauce import settings as environment
from cauce.connector import JSON, BaseConnector, BaseSettings, Operation, Probe
from cauce.errors import (
    AmbiguousError,
    BusinessError,
    CauceError,
    ConflictError,
    InputError,
    PermanentError,
    TransientError,
)
from cauce.store import Db, Store, customers
from cauce.store.models import Customer, Interaction
from connectors.hub import cases, costs, files, links, register

Handler = Callable[[Db, Mapping[str, Any]], Awaitable[JSON]]
most_interactions: Final = 200
most_customers: Final = 10_000


class Settings(BaseSettings):
    """Which store it is."""

    store_url: SecretStr | None = Field(
        default=None, description="URL of the store; left out, it is the store of this environment."
    )


class Connector(BaseConnector[Settings]):
    """Reads and writes the hub's own customers."""

    def __init__(self, name: str, settings: Settings) -> None:
        super().__init__(name, settings)
        self.store = Store(
            settings.store_url.get_secret_value() if settings.store_url else environment.load().store_url
        )

    async def call(self, operation: Operation, params: JSON) -> JSON:
        """Carry out one of the operations; everything it does may be repeated."""
        handler = handlers.get(operation.calls)
        if handler is None:
            raise PermanentError(
                f"The hub has no operation {operation.calls!r}.", hint=f"It has {', '.join(sorted(handlers))}."
            )
        if not isinstance(params, Mapping):
            raise PermanentError(f"{operation.calls} takes an object.", hint="Mend the operation's `request`.")
        opened = self.store.read() if operation.effect == "read" else self.store.transaction()
        try:
            async with asyncio.timeout(operation.timeout_s), opened as db:
                return await handler(db, params)
        except TimeoutError:
            late = AmbiguousError if operation.effect == "write" else TransientError
            raise late(f"The store gave no answer within {operation.timeout_s:g} s.", remote_code="timeout") from None
        except ConflictError as error:
            raise BusinessError(error.problem, hint=error.hint, remote_code="CONFLICT") from error
        except InputError as error:
            raise PermanentError(error.problem, hint=error.hint) from error

    async def check(self) -> list[Probe]:
        """Read from the store."""
        started = perf_counter()
        try:
            async with self.store.read() as db:
                await customers.find(db, id="-")
        except CauceError as error:
            return [Probe("read", ok=False, sentence=str(error), milliseconds=(perf_counter() - started) * 1000)]
        sentence = f"The store {self.store.place} answers."
        return [Probe("read", ok=True, sentence=sentence, milliseconds=(perf_counter() - started) * 1000)]

    async def close(self) -> None:
        """Close the store."""
        await self.store.close()


async def find_customer(db: Db, params: Mapping[str, Any]) -> JSON:
    """Return the customer with this id, taxId, erpId, email or phone, or null."""
    by = {"id": "id", "tax_id": "taxId", "erp_id": "erpId", "email": "email", "phone": "phone"}
    row = await customers.find(db, **{column: params.get(name) for column, name in by.items()})
    return None if row is None else _customer(row)


async def list_customers(db: Db, params: Mapping[str, Any]) -> JSON:
    """Return customers in the order of their ids, those behind `after`, each with when it was changed last."""
    limit = params.get("limit")
    wanted = limit if isinstance(limit, int) and 0 < limit <= most_customers else most_customers
    rows = await customers.page(db, after=str(params.get("after") or ""), limit=wanted)
    return [{**_customer(row), "changedAt": row.updated_at.isoformat()} for row in rows]


async def save_customer(db: Db, params: Mapping[str, Any]) -> JSON:
    """Add the customer, or change the one with the same id, taxId or erpId; what is not given stays."""
    if not any(params.get(key) for key in ("id", "taxId", "erpId", "name")):
        raise PermanentError("A customer needs a name, an id, a taxId or an erpId.", hint="Mend the task's `with`.")
    columns = {"taxId": "tax_id", "erpId": "erp_id"}
    row, new = await customers.save(db, {columns.get(key, key): value for key, value in params.items()})
    return {**_customer(row), "new": new}


async def record_interaction(db: Db, params: Mapping[str, Any]) -> JSON:
    """Add to a customer's timeline; with a `reference`, once for each."""
    customer = await customers.find(db, id=params.get("customer"))
    if customer is None:
        raise BusinessError("The hub knows no such customer.", hint="Save the customer first.", remote_code="NOT_FOUND")
    reference = params.get("reference")
    identity = _identity(customer.id, reference) if reference else None
    recorded = await customers.record_interaction(
        db,
        customer.id,
        str(params.get("kind") or "note"),
        str(params.get("summary") or ""),
        interaction_id=identity,
        instance=params.get("instance"),
        by=params.get("by"),
        data=params.get("data"),
    )
    return {"id": recorded}


async def find_interaction(db: Db, params: Mapping[str, Any]) -> JSON:
    """Return the `id` of what was recorded for a customer with this `reference`, or null."""
    wanted = _identity(str(params.get("customer") or ""), params.get("reference"))
    return {"id": wanted} if await customers.find_interaction(db, wanted) else None


async def list_interactions(db: Db, params: Mapping[str, Any]) -> JSON:
    """Return a customer's timeline, the newest first."""
    limit = params.get("limit")
    wanted = limit if isinstance(limit, int) and 0 < limit <= most_interactions else 50
    rows = await customers.interactions(db, str(params.get("customer") or ""), wanted)
    return [_interaction(row) for row in rows]


handlers: Final[Mapping[str, Handler]] = {
    "find-customer": find_customer,
    "list-customers": list_customers,
    "save-customer": save_customer,
    "record-interaction": record_interaction,
    "find-interaction": find_interaction,
    "list-interactions": list_interactions,
    "open-case": cases.open_case,
    "close-case": cases.close_case,
    "reopen-case": cases.reopen_case,
    "find-case": cases.find_case,
    "find-cases": cases.find_cases,
    "adopt-files": files.adopt_files,
    "find-files": files.find_files,
    "make-link": links.make_link,
    "find-link": links.find_link,
    "save-entry": register.save_entry,
    "find-entry": register.find_entry,
    "list-entries": register.list_entries,
    "list-figures": register.list_figures,
    "list-test-runs": register.list_test_runs,
    "list-reconciliations": register.list_reconciliations,
    "save-cost": costs.save_cost,
    "find-cost": costs.find_cost,
    "list-certificates": register.list_certificates,
}


def _identity(customer: str, reference: JSON) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{customer}\n{reference}"))


def _customer(row: Customer) -> JSON:
    return {
        "id": row.id,
        "taxId": row.tax_id,
        "erpId": row.erp_id,
        "name": row.name,
        "email": row.email,
        "phone": row.phone,
        "data": row.data,
    }


def _interaction(row: Interaction) -> JSON:
    return {
        "id": row.id,
        "at": row.at.isoformat(),
        "kind": row.kind,
        "summary": row.summary,
        "instance": row.instance,
        "by": row.by,
        "data": row.data,
    }
