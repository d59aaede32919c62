"""The hub's customer master and each customer's timeline."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from cauce.errors import ConflictError
from cauce.store.base import JSON, utc_now
from cauce.store.models import Customer, Interaction, SetAside
from cauce.store.session import Db
from cauce.store.upsert import insert_new

identifiers = ("id", "tax_id", "erp_id")
columns = frozenset({"tax_id", "erp_id", "name", "email", "phone", "data"})


async def find(db: Db, **by: str | None) -> Customer | None:
    """Return the customer with this `id`, `tax_id`, `erp_id`, `email` or `phone`: the first of them that is known."""
    for field in (*identifiers, "email", "phone"):
        if value := by.get(field):
            query = select(Customer).where(getattr(Customer, field) == value).order_by(Customer.created_at, Customer.id)
            if row := (await db.scalars(query.limit(1))).first():
                return row
    return None


async def search(db: Db, text: str, limit: int = 50) -> Sequence[Customer]:
    """Return customers whose name contains the text, by name."""
    pattern = "%" + text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"
    query = select(Customer).where(Customer.name.ilike(pattern, escape="\\")).order_by(Customer.name).limit(limit)
    return (await db.scalars(query)).all()


async def page(db: Db, *, after: str, limit: int) -> Sequence[Customer]:
    """Return customers in the order of their ids."""
    return (await db.scalars(select(Customer).where(Customer.id > after).order_by(Customer.id).limit(limit))).all()


async def save(db: Db, values: Mapping[str, Any]) -> tuple[Customer, bool]:
    """Add a customer or change the one with the same id, tax id or ERP id; return it and whether it is new.

    What is not given stays as it is. Raises ConflictError when the identifiers belong to different customers.
    """
    given = {key: values[key] for key in values if key in columns and values[key] is not None}
    known = {key: values[key] for key in identifiers if values.get(key)}
    if not (row := await _one(db, known)):
        new = {"id": known.get("id") or str(uuid4()), "name": "", **given}
        if await insert_new(db, Customer, new):
            return await _loaded(db, new["id"]), True
        row = await _one(db, known)  # somebody else added it meanwhile
    if row is None:
        raise ConflictError("The customer could not be added: it is being changed by somebody else.", hint="Try again.")
    changes = {key: value for key, value in given.items() if key != "data"}
    if "data" in given:
        changes["data"] = row.data | given["data"]
    for key, value in changes.items():
        setattr(row, key, value)
    row.updated_at = utc_now()
    await db.flush()
    return row, False


async def record_interaction(
    db: Db,
    customer: str,
    kind: str,
    summary: str,
    *,
    interaction_id: str | None = None,
    instance: str | None = None,
    by: str | None = None,
    data: JSON = None,
) -> str:
    """Add to a customer's timeline, once for each `interaction_id`, and return that id."""
    identity = interaction_id or str(uuid4())
    values = {
        "id": identity,
        "customer": customer,
        "kind": kind,
        "summary": summary,
        "instance": instance,
        "by": by,
        "data": data,
    }
    await insert_new(db, Interaction, values)
    return identity


async def find_interaction(db: Db, interaction_id: str) -> Interaction | None:
    """Return what was recorded under this id."""
    return await db.get(Interaction, interaction_id)


async def interactions(db: Db, customer: str, limit: int = 50) -> Sequence[Interaction]:
    """Return a customer's timeline, the newest first."""
    query = select(Interaction).filter_by(customer=customer).order_by(Interaction.at.desc(), Interaction.id.desc())
    return (await db.scalars(query.limit(limit))).all()


async def set_aside(db: Db, file: str, line: int, reason: str, data: JSON) -> None:
    """Keep a row of an input file that was refused."""
    db.add(SetAside(file=file, line=line, reason=reason, data=data))
    await db.flush()


async def _one(db: Db, known: Mapping[str, str]) -> Customer | None:
    found: dict[str, Customer] = {}
    for field, value in known.items():
        query = select(Customer).where(getattr(Customer, field) == value).with_for_update()
        if row := (await db.scalars(query)).one_or_none():
            found[row.id] = row
    if len(found) > 1:
        raise ConflictError(
            "The id, tax id and ERP id given belong to different customers.", hint="Merge them, or leave one out."
        )
    return next(iter(found.values()), None)


async def _loaded(db: Db, customer: str) -> Customer:
    return (await db.scalars(select(Customer).filter_by(id=customer))).one()
