"""The SOAP connector against a service of a library that nobody here wrote."""

import json
from pathlib import Path
from typing import Any

import pytest

from cauce.connector import Operation
from cauce.errors import PermanentError, TransientError
from connectors import soap
from tests.connectors.certificates import PASSWORD
from tests.connectors.matrix import NPM_SOAP, shows
from tests.connectors.soap_warehouse import Warehouse

ORDER = Operation("order", "Order", "read", timeout_s=10)


async def called(warehouse: Warehouse, calls: str, params: Any, **settings: Any) -> Any:
    operation = Operation("operation", calls, "read", timeout_s=10)
    async with soap.Connector("shop", soap.Settings(**{"wsdl": warehouse.wsdl, **settings})) as connector:
        return await connector.call(operation, params)


async def ordered(warehouse: Warehouse, **settings: Any) -> Any:
    """Return what the service saw of an order's headers."""
    return json.loads(await called(warehouse, "Order", {"Reference": "r-1"}, **settings))


@shows("rpc/literal", NPM_SOAP)
async def test_rpc_literal(warehouse: Warehouse) -> None:
    assert await called(warehouse, "Stock.Level", {"sku": "abc", "site": "M"}) == {"level": 13, "site": "M"}


@shows("rpc/encoded: arrays of objects and of texts, parts left out", NPM_SOAP)
async def test_rpc_encoded(warehouse: Warehouse) -> None:
    lines = [{"sku": "A", "quantity": 2}, {"sku": "B", "quantity": 3}]
    said = json.loads(await called(warehouse, "Book", {"reference": "r", "lines": lines, "tags": ["x", "y"]}))
    assert said["lines"] == {"Line": [{"sku": "A", "quantity": "2"}, {"sku": "B", "quantity": "3"}]}
    assert [item["$value"] for item in said["tags"]["item"]] == ["x", "y"]
    assert json.loads(await called(warehouse, "Book", {"reference": "r", "tags": []})) == {
        "reference": "r",
        "tags": None,
    }


async def test_items_of_an_encoded_array_are_checked(warehouse: Warehouse) -> None:
    with pytest.raises(PermanentError, match=r"params\.lines\[0\]\.quantity: This must be a number"):
        await called(warehouse, "Book", {"lines": [{"sku": "A", "quantity": "two"}]})
    with pytest.raises(PermanentError, match=r"params\.lines: This must be a list"):
        await called(warehouse, "Book", {"lines": "A"})


@shows("several services: chosen in `calls` or by settings", NPM_SOAP)
async def test_service_and_port_are_chosen(warehouse: Warehouse) -> None:
    params = {"sku": "abc", "site": "M"}
    assert (await called(warehouse, "Level", params, service="Legacy"))["level"] == 23
    assert (await called(warehouse, "Level", params, port="Levels"))["level"] == 13
    assert (await called(warehouse, "Legacy.Bookings.Level", params, service="Stock"))["level"] == 23
    with pytest.raises(PermanentError, match=r"one of Stock\.Levels\.Level, Legacy\.Bookings\.Level, or set"):
        await called(warehouse, "Level", params)


@shows("SOAP 1.1 and 1.2 ports of one service", NPM_SOAP)
@pytest.mark.parametrize("port", ["Orders", "Orders12"])
async def test_both_versions_of_soap(warehouse: Warehouse, port: str) -> None:
    assert await ordered(warehouse, port=port, soap_headers={"session": "s-1"}) == {
        "reference": "r-1",
        "session": "s-1",
    }


@shows("SOAP headers, of the connection and of one call", NPM_SOAP)
async def test_headers_of_a_call_come_before_those_of_the_connection(warehouse: Warehouse) -> None:
    params = {"Reference": "r-1", "_soapheaders": {"session": "s-2", "{urn:x}Trace": {"Id": 5, "Deep": True}}}
    assert json.loads(await called(warehouse, "Order", params, soap_headers={"session": "s-1"}))["session"] == "s-2"


@pytest.mark.parametrize(
    ("own", "usual", "says"),
    [
        ({"sesion": "s"}, {}, r"_soapheaders\.sesion: The WSDL declares no SOAP header 'sesion' here\. Did you mean"),
        ({}, {"sesion": "s"}, r"settings\.soap_headers\.sesion: .*Any other header is written as {namespace}Name"),
        ({"session": {"a": 1}}, {}, r"_soapheaders\.session: This must be a single value"),
        ({"{urn:x}A": [1]}, {}, r"_soapheaders\.{urn:x}A: This must be one value or an object"),
        ({"{urn:x": 1}, {}, r"This is no name of an element"),
        (["s"], {}, r"_soapheaders: This must be an object"),
    ],
)
async def test_wrong_headers_are_refused_by_name(warehouse: Warehouse, own: Any, usual: Any, says: str) -> None:
    with pytest.raises(PermanentError, match=says):
        await called(warehouse, "Order", {"Reference": "r", "_soapheaders": own}, soap_headers=usual)


@shows("WS-Security: UsernameToken as text and as digest, with a timestamp", NPM_SOAP)
@pytest.mark.parametrize(
    ("security", "kind"), [("username-token", "PasswordText"), ("username-token-digest", "PasswordDigest")]
)
async def test_username_tokens(warehouse: Warehouse, security: str, kind: str) -> None:
    seen = await ordered(warehouse, security=security, username="ana", password="s;e}c", timestamp="PT5M")  # noqa: S106 - no secret
    assert seen["user"] == {"name": "ana", "type": kind, "right": True}
    assert seen["timestamp"]["Created"] < seen["timestamp"]["Expires"]


@shows("WS-Security: X.509 signature of body and timestamp", "`xml-crypto` (npm)")
@pytest.mark.parametrize(("key", "password"), [("client.key", None), ("client-locked.key", PASSWORD)])
async def test_signatures_hold(warehouse: Warehouse, certificate_folder: Path, key: str, password: str | None) -> None:
    files = {"key_file": str(certificate_folder / key), "certificate_file": str(certificate_folder / "client.pem")}
    seen = await ordered(warehouse, timestamp="PT1M", signature={**files, "password": password})
    assert seen["signed"] == ["Body", "Timestamp"]


@shows("WS-Addressing", NPM_SOAP)
async def test_addressing(warehouse: Warehouse) -> None:
    assert (await ordered(warehouse, addressing="always"))["action"] == "urn:warehouse#Order"
    assert "action" not in await ordered(warehouse)


@shows("mutual TLS", "Node's `https`")
async def test_the_server_sees_our_certificate(warehouse: Warehouse, certificate_folder: Path) -> None:
    secure: Any = {
        "wsdl": warehouse.secure_wsdl,
        "ca_file": str(certificate_folder / "ca.pem"),
        "client_certificate_file": str(certificate_folder / "client.pem"),
        "client_key_file": str(certificate_folder / "client-locked.key"),
        "client_key_password": PASSWORD,
    }
    assert (await ordered(warehouse, **secure))["certificate"] == "client"
    async with soap.Connector("shop", soap.Settings(**secure)) as connector:
        assert [probe.stage for probe in await connector.check() if probe.ok] == ["dns", "tcp", "tls", "wsdl"]
    for lacking in (
        {"client_certificate_file": None, "client_key_file": None, "client_key_password": None},
        {"ca_file": None},
    ):
        with pytest.raises(TransientError, match="no secure connection could be made"):
            await ordered(warehouse, **{**secure, **lacking})


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"client_key_file": "ca.pem"}, r"settings\.client_certificate_file and its key cannot be read, do not fit"),
        ({"client_key_password": None}, r"or need another password"),
        ({"ca_file": "server.key"}, r"settings\.ca_file holds no certificates in PEM"),
    ],
)
async def test_wrong_certificate_files_are_named(
    warehouse: Warehouse, certificate_folder: Path, wrong: Any, says: str
) -> None:
    files = {
        "ca_file": "ca.pem",
        "client_certificate_file": "client.pem",
        "client_key_file": "client-locked.key",
    } | {name: value for name, value in wrong.items() if name.endswith("file")}
    secure: Any = {name: str(certificate_folder / file) for name, file in files.items()}
    password = {"client_key_password": wrong.get("client_key_password", PASSWORD)}
    with pytest.raises(PermanentError, match=says):
        await ordered(warehouse, wsdl=warehouse.secure_wsdl, **secure, **password)
