"""The demo company's supply chain and accounting over ODBC: deliveries, stock, returns, and what is owed."""

from pathlib import Path
from typing import Any

import pytest

from cauce import connection as connections
from cauce.connector import Operation
from cauce.expressions import compile_expression
from connectors import odbc
from demo.company import prepare
from demo.databases import ACCOUNTING, SCM
from schemas import load_file

FILES = Path(__file__).parents[2] / "definitions/connections"
JSON = Any


async def call(connector: odbc.Connector, operation: Operation, params: JSON) -> JSON:
    request = compile_expression(operation.request).first(params, {})
    return compile_expression(operation.response).first(await connector.call(operation, request), {})


@pytest.mark.usefixtures("odbc_manager")
async def test_a_return_is_announced_once_found_and_cancelled(tmp_path: Path) -> None:
    scm = connections.parse(load_file(FILES / "scm.yaml").data)
    settings = odbc.Settings(driver="sqlite", database=str(prepare(tmp_path / "company") / SCM))
    async with odbc.Connector("scm", settings) as connector:

        async def ask(name: str, **params: JSON) -> JSON:
            return await call(connector, scm.operation(name), params)

        proof = await ask("proof-of-delivery", number="ALB-00001")
        assert (proof["number"], proof["status"], bool(proof["signedBy"])) == ("ALB-00001", "delivered", True)
        assert await ask("proof-of-delivery", number="ALB-99999") is None
        # Nobody gave a number: it is the last delivery to that customer, or the last one of that item.
        last = await ask("proof-of-delivery", customer="C000001")
        history = await ask("delivery-history", customer="C000001")
        assert last["delivered"] == max(each["delivered"] for each in history)
        of_item = await ask("proof-of-delivery", customer="C000001", sku=history[-1]["sku"])
        assert of_item["sku"] == history[-1]["sku"]
        assert await ask("proof-of-delivery", customer="C000001", sku="NOPE") is None
        assert await ask("find-return", reference="rec:R-1:ret:1") is None
        wanted = {"customer": "C000001", "delivery": "ALB-00001", "sku": proof["sku"], "quantity": 2, "reason": "Roto"}
        assert await ask("create-return", reference="rec:R-1:ret:1", **wanted) == {"status": "announced"}
        found = await ask("find-return", reference="rec:R-1:ret:1")
        assert (found["delivery"], found["quantity"], found["status"]) == ("ALB-00001", 2, "announced")
        assert await ask("get-return", number=found["number"]) == found
        assert await ask("find-cancelled-return", number=found["number"]) is None
        await ask("cancel-return", number=found["number"])
        assert (await ask("find-cancelled-return", number=found["number"]))["status"] == "cancelled"


@pytest.mark.usefixtures("odbc_manager")
async def test_what_is_owed_is_told_by_how_long_it_has_been_due(tmp_path: Path) -> None:
    accounting = connections.parse(load_file(FILES / "accounting.yaml").data)
    settings = odbc.Settings(driver="sqlite", database=str(prepare(tmp_path / "company") / ACCOUNTING))
    async with odbc.Connector("accounting", settings) as connector:
        statement = "SELECT customer_id, open_balance FROM credit_status WHERE max_overdue_days > 60 LIMIT 1"
        late = connections.parse(
            {"connection": "x", "kind": "odbc", "operations": {"late": {"calls": statement, "effect": "read"}}}
        )
        ((customer, owed),) = [tuple(row.values()) for row in await connector.call(late.operation("late"), {})]
        ageing = await call(connector, accounting.operation("customer-ageing"), {"customer": customer})
        assert sum(each["amount"] for each in ageing) == pytest.approx(float(owed))
        assert ageing[-1]["upToDays"] is None
        assert await call(connector, accounting.operation("customer-ageing"), {"customer": "NOPE"}) == []


@pytest.mark.usefixtures("odbc_manager")
async def test_stock_by_site_adds_up_to_what_is_there(tmp_path: Path) -> None:
    scm = connections.parse(load_file(FILES / "scm.yaml").data)
    settings = odbc.Settings(driver="sqlite", database=str(prepare(tmp_path / "company") / SCM))
    async with odbc.Connector("scm", settings) as connector:
        sites = await call(connector, scm.operation("stock-by-site"), {"sku": "BOM-SUM-200"})
        level = await call(connector, scm.operation("stock-level"), {"sku": "BOM-SUM-200"})
    assert sum(each["available"] for each in sites) == level["available"]
    assert {"site", "available", "nextArrival"} == set(sites[0])
