"""Fills an empty store with a few things to look at, so that the pages can be seen without the engine.

`python -m tests.e2e.browser.seed DIRECTORY` makes the store there; log in as ana, password demo-password.
"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cauce.contract import HumanTask
from cauce.services import users
from cauce.services.hub import Hub, open_hub
from cauce.settings import load
from cauce.store import definitions, migrations, tasks
from cauce.store.definitions import NewDefinition
from schemas import load_yaml

password = "demo-password"  # noqa: S105 - of a store that lives as long as a test
process = Path(__file__).with_name("lead-to-order.yaml").read_text(encoding="utf-8")

qualify: dict[str, Any] = {
    "form": "qualify-lead",
    "title": {"en": "Qualify the lead", "es": "Calificar el contacto"},
    "description": {
        "en": "Is it worth a salesperson's time? The score decides what happens next.",
        "es": "¿Merece el tiempo de un comercial? La puntuación decide lo que sigue.",
    },
    "schema": {
        "type": "object",
        "required": ["need", "horizon", "score", "decider"],
        "additionalProperties": False,
        "properties": {
            "need": {
                "type": "string",
                "maxLength": 2000,
                "minLength": 3,
                "title": {"en": "What do they need?", "es": "¿Qué necesitan?"},
            },
            "horizon": {
                "title": {"en": "When will they decide?", "es": "¿Cuándo decidirán?"},
                "oneOf": [
                    {"const": "month", "title": {"en": "Within a month", "es": "En un mes"}},
                    {"const": "quarter", "title": {"en": "1–3 months", "es": "1–3 meses"}},
                    {"const": "later", "title": {"en": "Later", "es": "Más tarde"}},
                ],
            },
            "score": {
                "type": "integer",
                "minimum": 0,
                "maximum": 100,
                "title": {"en": "Score", "es": "Puntuación"},
                "description": {"en": "From 0 to 100.", "es": "De 0 a 100."},
            },
            "budget": {"type": "number", "minimum": 0, "title": {"en": "Budget (€)", "es": "Presupuesto (€)"}},
            "callback": {"type": "string", "format": "date", "title": {"en": "Call again on", "es": "Volver a llamar"}},
            "decider": {
                "type": "boolean",
                "title": {"en": "We spoke with who decides", "es": "Hablamos con quien decide"},
            },
            "lines": {
                "type": "array",
                "maxItems": 20,
                "title": {"en": "Products", "es": "Productos"},
                "items": {
                    "type": "object",
                    "required": ["sku", "quantity"],
                    "properties": {
                        "sku": {"type": "string", "minLength": 1, "title": {"en": "Item", "es": "Artículo"}},
                        "quantity": {"type": "integer", "minimum": 1, "title": {"en": "Quantity", "es": "Cantidad"}},
                    },
                },
            },
        },
    },
    "ui": {"order": ["need", "horizon", "score"], "widgets": {"budget": "money", "need": "textarea"}},
    "context": [
        {"title": {"en": "Company", "es": "Empresa"}, "value": ".company"},
        {"title": {"en": "Contact", "es": "Contacto"}, "value": '.contact.name + ", " + .contact.role'},
        {"title": {"en": "Open invoices (€)", "es": "Facturas abiertas (€)"}, "value": ".openInvoices"},
        {"title": {"en": "Last orders", "es": "Últimos pedidos"}, "value": ".orders"},
    ],
}
lead: dict[str, Any] = {
    "company": "Talleres Ibarra, S.L.",
    "contact": {"name": "Begoña Ibarra", "role": "Compras", "email": "begona@talleres-ibarra.example"},
    "openInvoices": 1840.5,
    "since": "2021-03-15",
    "orders": [
        {"number": "P-10231", "date": "2026-05-02", "total": 2150.0},
        {"number": "P-10088", "date": "2026-01-19", "total": 980.4},
    ],
    "lines": [{"sku": "ROD-6204", "quantity": 40}],
}
erp: dict[str, Any] = {
    "connection": "erp",
    "implements": ["orders"],
    "kind": "echo",
    "title": {"en": "ERP", "es": "ERP"},
    "settings": {},
    "operations": {
        "create-order": {"calls": "SalesOrder.Create", "effect": "write"},
        "find-order": {"calls": "SalesOrder.Find", "effect": "read"},
    },
}
companies = (
    ("lead:2041", "Talleres Ibarra, S.L.", -26.0, None),
    ("lead:2044", "Hermanos Quiroga e Hijos", -1.5, "ana"),
    ("lead:2052", "Cooperativa Agrícola del Segura", 0.7, None),
    ("lead:2057", "Montajes Eléctricos Vallés", 3.2, "ana"),
    ("lead:2061", "Bodegas Fuentemayor", 30.0, None),
    ("lead:2063", "Clínica Dental Aurora", 76.0, "luis"),
    ("lead:2070", "Ferretería <script>alert(1)</script>", None, None),
)
titles = (
    {"en": "Qualify the lead", "es": "Calificar el contacto"},
    {"en": "Approve the discount", "es": "Aprobar el descuento"},
    {"en": "Prepare the proposal", "es": "Preparar la propuesta"},
    {"en": "Resolve missing stock", "es": "Resolver la falta de existencias"},
)


def inbox() -> list[HumanTask]:
    """Return tasks of every urgency."""
    now = datetime.now(UTC)
    return [
        HumanTask(
            id=f"00000000-0000-5000-8000-{index:012d}",
            instance=f"sales.lead-to-order/{key}",
            definition="sales.lead-to-order",
            version="1.2.0",
            name="qualify",
            reference="/do/0/qualify",
            title={name: f"{text}: {company}" for name, text in titles[index % len(titles)].items()},
            form="qualify-lead",
            form_document=qualify,
            data=lead | {"company": company},
            group="sales" if index % 3 else "sales-managers",
            due_at=(now + timedelta(hours=hours)).isoformat() if hours is not None else None,
            business_key=key,
        )
        for index, (key, company, hours, _) in enumerate(companies)
    ]


async def fill(hub: Hub) -> None:
    """Put accounts, definitions and tasks into the store."""
    await users.ensure_user(hub, "ana", password, roles=["staff", "designer"], groups=["sales", "sales-managers"])
    await users.ensure_user(hub, "luis", password, roles=["staff"], groups=["sales"])
    await users.ensure_user(hub, "rosa", password, roles=["auditor"])
    await users.ensure_user(hub, "igor", password, roles=["integrator"])
    await users.ensure_user(hub, "admin", password, roles=["admin"])
    await fill_definitions(hub)


async def fill_definitions(hub: Hub) -> None:
    """Put definitions and tasks into the store."""
    document = load_yaml(process, "lead-to-order.yaml").data
    async with hub.store.transaction() as db:
        for version in ("1.0.0", "1.1.0", "1.2.0"):
            head = document["document"] | {"version": version}
            new = NewDefinition(
                kind="process",
                namespace="sales",
                name="lead-to-order",
                version=version,
                digest=version,
                source=process,
                document=document | {"document": head},
                bundle={},
                published_by="ana",
            )
            await definitions.add(db, new)
        form = NewDefinition("form", "qualify-lead", "f", "form: qualify-lead\n", qualify, "ana")
        await definitions.add(db, form)
        await definitions.add(db, NewDefinition("connection", "erp", "c", "connection: erp\n", erp, "ana"))
        for task, (_, _, _, claimed) in zip(inbox(), companies, strict=True):
            await tasks.add_task(db, task)
            if claimed:
                await tasks.claim(db, task.id, claimed)


async def make(directory: Path) -> None:
    """Make a store in a directory and fill it."""
    settings = load(data_dir=directory)
    await asyncio.to_thread(migrations.upgrade, settings.store_url)
    async with open_hub(settings) as hub:
        await fill(hub)


if __name__ == "__main__":
    asyncio.run(make(Path(sys.argv[1])))
