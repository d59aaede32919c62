"""What contracts say of operations in use, and how a change of the contract shows."""

from pathlib import Path
from typing import Any

import pytest

from cauce import connection as connections
from cauce.connector import Operation
from cauce.errors import CauceError
from cauce.secrets import Resolver
from cauce.services.drift import reading
from cauce.services.drift.reading import drifted
from connectors.odbc.description import described
from connectors.odbc.tables import Table
from schemas import load_yaml
from tests.connectors.soap_peer import WSDL

JSON = Any


def drift(before: JSON, after: JSON) -> list[tuple[str, str, str, bool]]:
    return [(each["direction"], each["path"], each["what"], each["breaking"]) for each in drifted(before, after)]


async def contract(document: JSON, tmp_path: Path) -> JSON:
    return await reading.read(document, Resolver(tmp_path, tmp_path / "settings.json"))


@pytest.mark.filterwarnings("ignore::UserWarning")  # zeep tells what it leaves out
async def test_a_wsdl_that_changed_is_compared_in_both_directions(tmp_path: Path) -> None:
    file = tmp_path / "orders.wsdl"
    operations = {
        "create": {"calls": "Create", "effect": "write"},
        "ping": {"calls": "OrdersPort.Ping", "effect": "read"},
        "never": {"calls": "Never", "effect": "read"},
    }
    document = {"connection": "erp", "kind": "soap", "settings": {"wsdl": str(file)}, "operations": operations}

    async def said(*swaps: tuple[str, str]) -> JSON:
        text = WSDL % {"address": "https://erp.example/soap", "imports": ""}
        for old, new in swaps:
            assert old in text
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")
        return await contract(document, tmp_path)

    agreed = await said()
    assert agreed.keys() == {"create", "ping"}
    assert drift(agreed, await said(('name="Sku"', 'name="Sku" minOccurs="0"'))) == [
        ("input", "Lines[].Sku", "type", False),
        ("input", "Lines[].Sku", "optional", False),
    ]
    assert drift(agreed, await said(('<xs:enumeration value="USD"/>', '<xs:enumeration value="GBP"/>'))) == [
        ("input", "Currency", "values", True),
        ("input", "Currency", "values", False),
    ]
    assert drift(agreed, await said(('name="OrderNumber"', 'name="OrderNumber" minOccurs="0"'))) == [
        ("output", "OrderNumber", "type", True),
        ("output", "OrderNumber", "optional", True),
    ]
    assert drift(agreed, await said(('operation name="Create"', 'operation name="Make"'))) == [("", "", "gone", True)]


def table(name: str, /, **columns: JSON) -> Table:
    """Return a table whose columns are text that must be there, but for what is said of them."""
    usual = {"type": 12, "size": 20, "nullable": False, "default": False}
    told = [{"name": column, **usual, **more} for column, more in columns.items()]
    return Table.of({"schema": "", "name": name, "kind": "table", "columns": told, "key": [next(iter(columns))]})


def statements(*tables: Table, dialect: str = "postgresql") -> JSON:
    """Return the contract of some statements on these tables."""
    operations = [
        Operation("find", "SELECT name, email FROM shop.customers WHERE id = :id -- note", "read"),
        Operation("all", "SELECT c.* FROM customers c WHERE state = 'vat'", "read"),
        Operation("add", 'INSERT INTO "customers" (name, email) VALUES (:name, :email)', "write"),
        Operation("rename", "UPDATE customers SET name = :name WHERE id = :id", "write"),
    ]
    found = described(tables, operations, dialect)
    return {name: {"calls": name, "input": each.input, "output": each.output} for name, each in found.items()}


def changed(before: JSON, after: JSON) -> set[tuple[str, str, str, bool]]:
    return {(each["operation"], each["path"], each["what"], each["breaking"]) for each in drifted(before, after)}


def test_columns_that_a_statement_names_are_its_contract() -> None:
    usual: JSON = {"id": {"default": True}, "name": {}, "email": {"nullable": True}}
    agreed = statements(table("customers", **usual), table("orders", number={}))
    assert changed(agreed, statements(table("customers", **usual, note={"nullable": True}))) == {
        ("all", "customers.note", "added", False)
    }
    assert changed(agreed, statements(table("customers", **usual, vat={}))) == {
        ("all", "customers.vat", "added", False),
        ("add", "customers.vat", "required", True),
    }
    without = {name: told for name, told in usual.items() if name != "email"}
    assert changed(agreed, statements(table("customers", **without, mail={"nullable": True}))) == {
        ("find", "customers.email", "removed", True),
        ("all", "customers.email", "removed", True),
        ("all", "customers.mail", "added", False),
        ("add", "customers.email", "removed", True),
    }
    wider = usual | {"name": {"size": 40, "nullable": True}}
    assert ("rename", "customers.name", "limit", False) in changed(agreed, statements(table("customers", **wider)))
    assert ("find", "customers.name", "type", True) in changed(agreed, statements(table("customers", **wider)))
    gone = changed(agreed, statements(table("clients", **usual)))
    assert {each[0] for each in gone} == {"find", "all", "add", "rename"}
    assert all(breaking for _, _, _, breaking in gone)


async def test_a_kind_without_contract_says_so(tmp_path: Path) -> None:
    document = load_yaml("connection: e\nkind: echo\noperations: {say: {calls: say, effect: read}}", "").data
    assert connections.parse(document).kind == "echo"
    assert not reading.is_watched("echo")
    with pytest.raises(CauceError, match="no contract"):
        await contract(document, tmp_path)


async def test_a_service_that_does_not_say_where_its_document_is_is_told_to(tmp_path: Path) -> None:
    document = {"connection": "s", "kind": "http", "settings": {"base_url": "http://127.0.0.1:1"}, "operations": {}}
    with pytest.raises(CauceError, match="where its OpenAPI document is"):
        await contract(document, tmp_path)


def test_very_many_changes_are_counted() -> None:
    fields = {f"f{number}": {"type": "string"} for number in range(250)}
    agreed = {"op": {"calls": "x", "input": None, "output": {"properties": fields}}}
    found = drifted(agreed, {"op": {"calls": "x", "input": None, "output": {"properties": {}}}})
    assert (len(found), found[-1]["sentence"], found[-1]["breaking"]) == (201, "There are 50 more changes.", True)
