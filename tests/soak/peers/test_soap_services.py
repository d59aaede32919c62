"""The SOAP connector and the import of a contract, against libraries that nobody here wrote: `make soak` runs it."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from cauce import settings as environment
from cauce.connection import parse
from cauce.connector import Operation
from cauce.errors import BusinessError, CauceError, PermanentError
from cauce.services.importing import Wish, import_contract
from connectors import soap
from schemas import load_yaml
from tests.connectors.matrix import PHP_SOAP, SPYNE, shows

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]
NOTE = "Señal «ñandú» 漢字 🚚 <b>&amp;</b>"
SCAN = base64.b64encode(bytes(range(256))).decode()
LINES = [
    {"sku": "A-1", "quantity": 3, "price": "19.90", "wanted": "2026-12-24"},
    {"sku": "B&2", "quantity": 2, "price": "0.05"},
]


async def call(wsdl: str, calls: str, params: Any, **settings: Any) -> Any:
    operation = Operation("operation", calls, "read", timeout_s=20)
    async with soap.Connector("peer", soap.Settings(wsdl=wsdl, **settings)) as connector:
        return await connector.call(operation, params)


def order(reference: str) -> dict[str, Any]:
    return {"reference": reference, "note": NOTE, "urgent": True, "scan": SCAN, "line": LINES}


def same(found: dict[str, Any], sent: dict[str, Any], lines: Any) -> None:
    assert {name: found[name] for name in ("reference", "note", "urgent", "scan")} == {
        name: sent[name] for name in ("reference", "note", "urgent", "scan")
    }
    met = [(line["sku"], line["quantity"], float(line["price"]), line.get("wanted")) for line in lines]
    assert met == [("A-1", 3, 19.9, "2026-12-24"), ("B&2", 2, 0.05, None)]


@pytest.mark.parametrize("port", ["Soap11", "Soap12"])
@shows("SOAP 1.1 and 1.2: nested lists, decimals, dates, unicode, binary, nothing; read back", PHP_SOAP)
async def test_php_keeps_what_was_sent(php: str, port: str) -> None:
    wsdl, sent = f"{php}/orders?wsdl", order(f"r-{port}")
    created = await call(wsdl, "Create", sent, port=port)
    assert float(created["total"]) == 59.8
    assert created["number"] >= 1
    found = await call(wsdl, "Find", {"reference": sent["reference"]}, port=port)
    same(found, sent, found["line"])
    assert await call(wsdl, "Find", {"reference": "nobody"}, port=port) is None


@shows("a header of every call", PHP_SOAP)
async def test_php_reads_the_header(php: str) -> None:
    created = await call(
        f"{php}/orders?wsdl", "Create", order("r-head"), port="Soap11", soap_headers={"session": "s-1"}
    )
    assert created["session"] == "s-1"


@pytest.mark.parametrize("port", ["Soap11", "Soap12"])
@shows("faults with typed detail, in SOAP 1.1 and 1.2", PHP_SOAP)
async def test_php_refuses(php: str, port: str) -> None:
    with pytest.raises(CauceError) as caught:
        await call(f"{php}/orders?wsdl", "Create", {**order("r-x"), "line": []}, port=port)
    assert "An order has lines." in str(caught.value)


@shows("rpc/encoded: an array of objects", PHP_SOAP)
async def test_php_takes_encoded_arrays(php: str) -> None:
    entries = [{"account": "430", "amount": "12.50"}, {"account": "700", "amount": "-12.50"}]
    said = json.loads(await call(f"{php}/bookings?wsdl", "Book", {"reference": "b-1", "entries": entries}))
    assert said["reference"] == "b-1"
    assert [(entry["account"], float(entry["amount"])) for entry in said["entries"]] == [("430", 12.5), ("700", -12.5)]


@shows("a WSDL made from classes: nested lists, decimals, dates, unicode, binary; read back", SPYNE)
async def test_spyne_keeps_what_was_sent(spyne: str) -> None:
    wsdl, sent = f"{spyne}/?wsdl", order("r-spyne")
    asked = {**sent, "lines": {"Line": sent["line"]}}
    asked.pop("line")
    created = await call(wsdl, "Create", {"order": asked})
    assert float(created["total"]) == 59.8
    found = await call(wsdl, "Find", {"reference": "r-spyne"})
    same(found, sent, found["lines"]["Line"])
    assert await call(wsdl, "Find", {"reference": "nobody"}) is None


@shows("faults, and answers to what does not fit its schema", SPYNE)
async def test_spyne_refuses(spyne: str) -> None:
    with pytest.raises((BusinessError, PermanentError), match=r"An order has lines\."):
        await call(f"{spyne}/?wsdl", "Create", {"order": {"reference": "r"}})


@shows("`cauce connect import`: the operations, called as imported", PHP_SOAP)
async def test_contract_of_php_is_imported(php: str, tmp_path: Path) -> None:
    await imported(f"{php}/orders?wsdl", tmp_path, {"create", "find"})


@shows("`cauce connect import`: the operations, called as imported", SPYNE)
async def test_contract_of_spyne_is_imported(spyne: str, tmp_path: Path) -> None:
    await imported(f"{spyne}/?wsdl", tmp_path, {"create", "find"})


async def imported(wsdl: str, folder: Path, names: set[str]) -> None:
    one = await import_contract(Wish(wsdl, name="peer"), environment.load(data_dir=folder))
    connection = parse(load_yaml(one.text, "peer.yaml").data)
    assert set(connection.operations) == names
    assert {name: each.effect for name, each in connection.operations.items()} == {"create": "write", "find": "read"}
    settings = soap.Settings.model_validate(connection.settings)
    async with soap.Connector("peer", settings) as connector:
        assert await connector.call(connection.operations["find"], {"reference": "nobody"}) is None
