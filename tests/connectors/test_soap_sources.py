"""Where a WSDL comes from: a folder, a zip, an address; and how often it is parsed."""

import asyncio
import zipfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from zeep.wsdl import Document

from cauce.connector import Operation
from cauce.errors import PermanentError
from connectors import soap
from connectors.soap import documents, service
from tests.connectors.matrix import NPM_SOAP, shows
from tests.connectors.soap_peer import WSDL, Peer
from tests.connectors.soap_warehouse import WSDL as WAREHOUSE
from tests.connectors.soap_warehouse import Warehouse

XSD = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:more'/>"
IMPORTING = """<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" targetNamespace="urn:outer">
  <wsdl:import namespace="urn:orders" location="%s"/></wsdl:definitions>"""


def orders(imports: str = "") -> str:
    return WSDL % {"address": "http://127.0.0.1:9/soap", "imports": imports}


def written(folder: Path, **files: str) -> Path:
    """Write files whose names have `__` for / and `_` for the dot."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/").replace("_", "."))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def zipped(path: Path, entries: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in entries.items():
            archive.writestr(name, text)
    return path


def read(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


async def found(wsdl: Path | str, **settings: Any) -> str:
    async with soap.Connector("erp", soap.Settings(wsdl=str(wsdl), **settings)) as connector:
        return (await connector.check())[-1].sentence


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a folder whose WSDL imports another one, which imports a schema from beside its folder."""
    return written(
        tmp_path / "erp",
        main_wsdl=IMPORTING % "parts/orders.wsdl",
        parts__orders_wsdl=orders("<xs:import namespace='urn:more' schemaLocation='../types/more.xsd'/>"),
        types__more_xsd=XSD,
        readme_txt="not a WSDL",
    )


@shows("WSDL from a folder, with relative imports")
async def test_a_folder_with_relative_imports(tree: Path) -> None:
    assert await found(tree) == "The WSDL has 2 operations."


@shows("WSDL from a zip, with relative imports")
async def test_a_zip_with_relative_imports(tree: Path, tmp_path: Path) -> None:
    archive = zipped(tmp_path / "erp.zip", {f"a b/{name}": text for name, text in read(tree).items()})
    assert await found(archive) == "The WSDL has 2 operations."


@shows("a call with a WSDL from a zip", NPM_SOAP)
async def test_a_service_is_called_with_a_wsdl_from_a_zip(warehouse: Warehouse, tmp_path: Path) -> None:
    text = WAREHOUSE.read_text().replace("ORIGIN", f"http://127.0.0.1:{warehouse.http}")
    archive = zipped(tmp_path / "warehouse.zip", {"warehouse.wsdl": text})
    operation = Operation("level", "Stock.Level", "read")
    settings = soap.Settings(wsdl=str(archive), allow_hosts=["127.0.0.1"])
    async with soap.Connector("stock", settings) as connector:
        assert (await connector.call(operation, {"sku": "abc"}))["level"] == 13


async def test_which_wsdl_is_asked_when_there_are_several(tmp_path: Path) -> None:
    folder = written(tmp_path / "erp", a_wsdl=orders(), b_wsdl=orders())
    assert await found(folder) == "erp: erp holds several WSDLs. Name one in settings.wsdl_file: a.wsdl, b.wsdl."
    assert await found(folder, wsdl_file="b.wsdl") == "The WSDL has 2 operations."
    assert "erp has no 'c.wsdl' for settings.wsdl_file. It holds a.wsdl, b.wsdl." in await found(
        folder, wsdl_file="c.wsdl"
    )
    assert "holds no file whose name ends in .wsdl" in await found(written(tmp_path / "empty", a_xsd=XSD))


async def test_what_is_not_there_is_named(tree: Path, tmp_path: Path) -> None:
    (tree / "types/more.xsd").unlink()
    assert "The WSDL imports 'types/more.xsd', which is not beside it." in await found(tree)
    assert "cannot be read (No such file or directory)" in await found(tmp_path / "nowhere.zip")
    assert "cannot be read (No such file or directory)" in await found(tmp_path / "nowhere.wsdl")
    assert "is no file" in await found("/dev/zero")


async def test_what_was_missing_may_come_later(tree: Path, tmp_path: Path) -> None:
    schema = tree / "types/more.xsd"
    text = schema.read_text()
    async with soap.Connector("erp", soap.Settings(wsdl=str(tree))) as connector:
        schema.unlink()
        assert "which is not beside it" in (await connector.check())[-1].sentence
        schema.write_text(text)
        assert (await connector.check())[-1].ok


@shows("hostile: a zip whose names lead out of it, links out of a folder")
@pytest.mark.parametrize(
    "name", ["../evil.wsdl", "/etc/evil.wsdl", "a/../../evil.xsd", "C:\\evil.wsdl", "a\\..\\b.wsdl"]
)
async def test_names_that_lead_out_of_a_zip_are_refused(tmp_path: Path, name: str) -> None:
    archive = zipped(tmp_path / "erp.zip", {"erp.wsdl": orders(), name: XSD})
    assert "erp.zip holds a file whose name leads out of it." in await found(archive)


async def test_links_out_of_a_folder_are_not_followed(tree: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.xsd"
    outside.write_text(XSD)
    (tree / "types/more.xsd").unlink()
    (tree / "types/more.xsd").symlink_to(outside)
    assert "The WSDL imports 'types/more.xsd', which is not beside it." in await found(tree)


@shows("hostile: a zip bomb, a broken zip")
async def test_a_zip_has_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    assert "broken.zip is not a zip that can be read." in await found(tmp_path / "broken.zip")
    monkeypatch.setattr(documents, "_most_bytes", 1_000_000)
    bomb = zipped(tmp_path / "bomb.zip", {"erp.wsdl": orders(), "bomb.xsd": " " * 2_000_000})
    assert "bomb.zip is larger than a WSDL may be (1,000,000 bytes a document" in await found(bomb)
    monkeypatch.setattr(documents, "_most_files", 3)
    many = zipped(tmp_path / "many.zip", {f"{name}.xsd": XSD for name in "abcd"})
    assert "many.zip is larger than a WSDL may be" in await found(many)


async def test_a_folder_has_limits(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_most_bytes_together", 1_000)
    assert "is larger than a WSDL may be" in await found(tree)
    monkeypatch.setattr(documents, "_most_bytes", 100)
    assert "is larger than a WSDL may be" in await found(tree / "main.wsdl")


@shows("hostile: schemas that import schemas without end")
async def test_imports_without_end_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_most_documents", 10)
    files = {f"{number}.xsd": f"<xs:include schemaLocation='{number + 1}.xsd'/></xs:schema>" for number in range(20)}
    schema = XSD.replace("/>", ">").replace("urn:more", "urn:orders")
    archive = zipped(
        tmp_path / "erp.zip",
        {
            "erp.wsdl": orders("<xs:include schemaLocation='0.xsd'/>"),
            **{name: schema + text for name, text in files.items()},
        },
    )
    assert "The WSDL imports more than 10 documents" in await found(archive)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count how often a WSDL is parsed."""
    parses: list[str] = []

    def counted(url: str, *given: Any, **named: Any) -> Any:
        parses.append(url)
        return Document(url, *given, **named)

    monkeypatch.setattr(service, "Document", counted)
    return parses


@shows("50 connections to one WSDL parse it once")
async def test_fifty_connections_parse_one_wsdl_once(tree: Path, parsed: list[str]) -> None:
    async with AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(
                soap.Connector(f"erp-{number}", soap.Settings(wsdl=str(tree), username=f"user-{number}"))
            )
            for number in range(50)
        ]
        probes = await asyncio.gather(*(connector.check() for connector in opened))
    assert all(probe.ok for stages in probes for probe in stages)
    assert parsed == ["file:///main.wsdl"]


@pytest.mark.parametrize("changed", ["main.wsdl", "types/more.xsd"])
async def test_a_changed_file_is_parsed_again(tree: Path, parsed: list[str], changed: str) -> None:
    await found(tree)
    await found(tree)
    assert len(parsed) == 1
    with (tree / changed).open("a") as file:
        file.write("<!-- changed -->")
    await found(tree)
    assert len(parsed) == 2


async def test_operations_with_mime_attachments_are_refused_by_name(soap_peer: Peer) -> None:
    plain = '<wsdl:input><soap:body use="literal"/></wsdl:input>'
    parts = (
        '<wsdl:input><m:multipartRelated xmlns:m="http://schemas.xmlsoap.org/wsdl/mime/"><m:part>'
        '<soap:body use="literal"/></m:part></m:multipartRelated></wsdl:input>'
    )
    soap_peer.wsdl = soap_peer.wsdl.replace(plain, parts, 1)
    operation = Operation("create", "Create", "write")
    async with soap.Connector("erp", soap.Settings(wsdl=soap_peer.wsdl_url)) as connector:
        with pytest.raises(PermanentError, match="binds 'Create' to MIME attachments, which cannot be sent"):
            await connector.call(operation, {"Reference": "1"})
