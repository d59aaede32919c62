"""The demo company's ERP as its own administrator sees it: faults on purpose, and what is in its database."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass

import httpx
import requests
import zeep

from demo.company import USERNAME, Company
from demo.lead import Lead


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the ERP's own database has it; `total` is in cents."""

    number: str
    reference: str
    customer: str
    delivery: str
    status: str
    total: int
    cancel_reason: str | None
    lines: tuple[tuple[str, int, float, int], ...]
    """Item, quantity, discount in per cent, units confirmed."""


@dataclass(frozen=True, slots=True)
class Erp:
    """The ERP beside its service."""

    company: Company

    @asynccontextmanager
    async def fault(self, operation: str, mode: str, **how: object) -> AsyncIterator[None]:
        """Let one operation misbehave inside the block; `how` is as in the demo's README."""
        await self.switch(operation, mode, **how)
        try:
            yield
        finally:
            await self.switch(operation, "off")

    async def switch(self, operation: str, mode: str, **how: object) -> None:
        """Switch the fault of one operation."""
        async with httpx.AsyncClient(trust_env=False) as client:
            order = {"operation": operation, "mode": mode, **how}
            answer = await client.post(f"{self.company.erp_admin}/faults", json=order)
        assert answer.is_success, answer.text

    async def calls(self, operation: str) -> int:
        """Return how often an operation was called so far."""
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"{self.company.erp_admin}/stats")
        return int(answer.json()["calls"].get(operation, 0))

    def orders(self, lead: str | None = None) -> list[Order]:
        """Return the orders of a lead, or all, the oldest first; cancelled ones too."""
        with closing(sqlite3.connect(self._readable, uri=True, timeout=10)) as db:
            rows = db.execute(
                "SELECT id, reference, customer_number, delivery_policy, status, total_cents, cancel_reason"
                " FROM sales_order WHERE ? IS NULL OR reference = ? ORDER BY id",
                (lead, f"opp:{lead}:v1"),
            ).fetchall()
            return [
                Order(f"SO-{order:06d}", reference, customer, delivery, status, total, reason, self._lines(db, order))
                for order, reference, customer, delivery, status, total, reason in rows
            ]

    def customers(self, tax_id: str) -> list[str]:
        """Return the numbers under which a tax identifier is in the ERP."""
        with closing(sqlite3.connect(self._readable, uri=True, timeout=10)) as db:
            return [number for (number,) in db.execute("SELECT number FROM customer WHERE tax_id = ?", (tax_id,))]

    def change_total(self, number: str, cents: int) -> None:
        """Change an order behind the hub's back, as somebody at the ERP's own screen would."""
        with closing(sqlite3.connect(self.company.erp_db, timeout=10)) as db, db:
            db.execute("UPDATE sales_order SET total_cents = ? WHERE id = ?", (cents, int(number.removeprefix("SO-"))))

    def enter(self, lead: Lead, customer: str) -> Order:
        """Enter the order of a lead by hand."""
        session = requests.Session()
        session.trust_env = False
        session.auth = (USERNAME, self.company.password)
        with session, zeep.Client(self.company.erp_wsdl, transport=zeep.Transport(session=session)) as service:
            lines = {"Line": [{"Sku": lead.sku, "Quantity": lead.quantity}]}
            service.service.CreateOrder(Reference=f"opp:{lead.id}:v1", CustomerNumber=customer, Lines=lines)
        (order,) = self.orders(lead.id)
        return order

    @property
    def _readable(self) -> str:
        return f"{self.company.erp_db.as_uri()}?mode=ro"

    @staticmethod
    def _lines(db: sqlite3.Connection, order: int) -> tuple[tuple[str, int, float, int], ...]:
        query = "SELECT sku, quantity, discount_pct, confirmed_quantity FROM order_line WHERE order_id = ?"
        return tuple(db.execute(f"{query} ORDER BY line_number", (order,)))
