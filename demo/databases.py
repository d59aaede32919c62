"""Writes the world into the databases of the company's three systems: ERP, accounting and supply chain."""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

from demo.catalogue import PLENTIFUL_STOCK, Item
from demo.companies import Company
from demo.generator import TODAY, World
from demo.spain import Dice

ERP, ACCOUNTING, SCM = "erp.db", "accounting.db", "scm.db"

# What is scarce is at the first site only.
SITES = (
    ("VLC", "Almacén central", "Paterna", "46980"),
    ("MAD", "Delegación Centro", "Getafe", "28906"),
    ("SVQ", "Delegación Sur", "Dos Hermanas", "41703"),
)
SHARES = (60, 25, 15)
DELIVERIES = 600
# What was booked on the roll-out lately: activity, factor, days ago, cents, what for; one of it was of another project.
PROJECT_COSTS = (
    ("measure-today", "data", 41, 96_000, "Consultoría de datos, 12 horas"),
    ("measure-today", "data", 33, 18_450, "Licencia de la herramienta de perfilado"),
    ("design-processes", "management", 26, 144_000, "Taller de diseño de procesos"),
    ("design-processes", "management", 19, 35_000, "Desplazamientos a Sevilla"),
    ("design-processes", "management", 12, -35_000, "Anulación: desplazamientos de otro proyecto"),
    ("list-data", "data", 9, 52_500, "Inventario de datos de la delegación Sur"),
)


def write_databases(directory: Path, world: World) -> None:
    """Write the three database files; none of them may be there."""
    _write(directory / ERP, "erp.sql", _erp(world))
    _write(directory / ACCOUNTING, "accounting.sql", _accounting(world))
    _write(directory / SCM, "scm.sql", _scm(world))


def _write(file: Path, ddl: str, tables: Iterable[tuple[str, Sequence[tuple[object, ...]]]]) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        db.executescript(files("demo").joinpath("sql", ddl).read_text(encoding="utf-8"))
        for table, rows in tables:
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - our own table names


def _erp(world: World) -> Iterable[tuple[str, list[tuple[object, ...]]]]:
    yield "customer", [
        (
            company.number, company.name, company.tax_id, company.email, company.phone, company.address.street,
            company.address.postcode, company.address.town, company.address.province, "ES", company.tier,
            int(company.blocked), "Impagados anteriores" if company.blocked else None, f"{TODAY}T00:00:00.000Z",
        )
        for company in world.companies
    ]  # fmt: skip
    yield "item", [
        (
            item.sku, item.name, item.family, item.unit, int(item.list_price * 100), int(item.cost * 100), 1,
            item.on_hand, 0, _arrival(item), None if item.arrives_in_days is None else _replenished(item),
            item.warranty_months,
        )
        for item in world.items
    ]  # fmt: skip


def _accounting(world: World) -> Iterable[tuple[str, list[tuple[object, ...]]]]:
    customers: list[tuple[object, ...]] = []
    bills: list[tuple[object, ...]] = []
    orders: list[tuple[object, ...]] = []
    for company in world.companies:
        if company.credit is None:
            continue
        credit = company.credit
        customers.append((company.number, company.name, company.tax_id, company.tier, 30, float(credit.limit)))
        for bill in credit.open_items:
            due = TODAY - timedelta(days=bill.days_overdue) if bill.days_overdue else TODAY + timedelta(days=10)
            issued = due - timedelta(days=30)
            amount = float(bill.amount)
            bills.append((
                f"F26-{len(bills) + 1:05d}", company.number, str(issued), str(due), amount, amount, bill.days_overdue,
            ))  # fmt: skip
        orders += [
            (f"PV-{len(orders) + at:05d}", company.number, float(amount))
            for at, amount in enumerate(credit.open_orders, start=1)
        ]
    yield "customer", customers
    yield "open_item", bills
    yield "open_order", orders
    yield (
        "project_cost",
        [
            (
                f"PC-26-{number:04d}",
                "crm-rollout",
                activity,
                factor,
                str(TODAY - timedelta(days=days)),
                cents,
                description,
            )
            for number, (activity, factor, days, cents, description) in enumerate(PROJECT_COSTS, start=1)
        ],
    )


def _scm(world: World) -> Iterable[tuple[str, list[tuple[object, ...]]]]:
    yield "site", list(SITES)
    yield "stock", [row for item in world.items for row in _stock(item)]
    yield (
        "replenishment",
        [
            (position, item.sku, SITES[0][0], _replenished(item), _arrival(item), "open")
            for position, item in enumerate(world.items, start=1)
            if item.arrives_in_days is not None
        ],
    )
    yield "delivery", drawn_deliveries(world)


def drawn_deliveries(world: World) -> list[tuple[object, ...]]:
    """Return the deliveries of the past year, as rows: number, customer, item …, who signed for it."""
    dice = Dice(f"{world.seed} supply chain")
    drawn = [_delivery(dice, world.companies, world.items, number) for number in range(1, DELIVERIES + 1)]
    contacts = {company.number: company.contact for company in world.companies}
    return [(*row, contacts[str(row[1])]) for row in drawn]


def _stock(item: Item) -> list[tuple[object, ...]]:
    if item.on_hand < PLENTIFUL_STOCK:
        return [(item.sku, site, item.on_hand if site == SITES[0][0] else 0, 0) for site, *_ in SITES]
    return [(item.sku, site, item.on_hand * share // 100, 0) for (site, *_), share in zip(SITES, SHARES, strict=True)]


def _arrival(item: Item) -> str | None:
    return None if item.arrives_in_days is None else str(TODAY + timedelta(days=item.arrives_in_days))


def _replenished(item: Item) -> int:
    return max(20, item.on_hand // 10)


def _delivery(dice: Dice, companies: Sequence[Company], items: Sequence[Item], number: int) -> tuple[object, ...]:
    """Draw a delivery of the past year: nineteen of twenty came by the promised day."""
    promised = TODAY - timedelta(days=dice.between(1, 360))
    late = 0 if dice.chance(0.95) else dice.between(1, 9)
    status = "damaged" if dice.chance(0.01) else "delivered"
    return (
        f"ALB-{number:05d}", dice.pick(companies).number, dice.pick(items).sku, dice.pick(SITES)[0],
        dice.between(1, 40), str(promised), str(promised + timedelta(days=late)), status,
    )  # fmt: skip
