"""A WSDL becomes a connection that passes the check and can be called; what it declares and is lost is named."""

import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cauce import registry
from cauce import settings as environment
from cauce.connection import Connection, parse
from cauce.errors import CauceError, InputError
from cauce.secrets import Resolver
from cauce.services.importing import Imported, Wish, import_contract
from schemas import load_yaml, validate_data
from tests.connectors.soap_peer import WSDL, Peer, Reply
from tests.connectors.soap_warehouse import Warehouse

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # zeep tells what it leaves out
VENDORS = Path(os.environ.get("CAUCE_SHARED") or Path(__file__).resolve().parents[3] / "shared") / "data/wsdl"
# Small ones, of which each is something else: bare and wrapped, rpc and document, one and two bindings, lost types.
SAMPLE = {
    "afip-argentina/ws_sr_padron_a4.wsdl": (2, 2),
    "blz-bank/blz_service.wsdl": (1, 1),
    "dataaccess/textCasing.wsdl": (8, 8),
    "onvif/events.wsdl": (6, 19),
    "yfu/data_exchange.wsdl": (1, 4),
}


async def imported(source: str, tmp_path: Path, **wish: Any) -> Imported:
    one = await import_contract(Wish(source, **{"name": "erp", **wish}), environment.load(data_dir=tmp_path))
    assert len(one.operations) + len(one.left_out) == one.declared
    return one


def connection(one: Imported) -> Connection:
    return parse(load_yaml(one.text, "erp.yaml").data)


def written(tmp_path: Path, text: str) -> str:
    file = tmp_path / "orders.wsdl"
    file.write_text(text % {"address": "https://erp.example/soap", "imports": ""}, encoding="utf-8")
    return str(file)


async def test_what_was_imported_can_be_called(soap_peer: Peer, tmp_path: Path) -> None:
    found = connection(await imported(soap_peer.wsdl_url, tmp_path))
    assert found.settings == {"wsdl": soap_peer.wsdl_url}
    create = found.operation("create")
    given = {"Reference": "ñ", "Currency": "EUR", "Due": None, "Lines": [{"Sku": "A", "Qty": 2}]}
    validate_data(create.input, given, "given")
    async with registry.open_connection(found, Resolver(tmp_path, tmp_path / "settings.json")) as connector:
        answer = await connector.call(create, given)
    validate_data(create.output, answer, "answer")
    assert answer == {"OrderNumber": "SO-1", "Total": 12.5, "Due": None}


async def test_arrays_of_the_soap_encoding_are_lists_and_parts_may_be_left_out(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    found = connection(await imported(warehouse.wsdl, tmp_path))
    book = found.operation("book")
    given: Any = {"lines": [{"sku": "A", "quantity": 2}], "tags": ["x"]}
    validate_data(book.input, given, "given")
    with pytest.raises(InputError):
        validate_data(book.input, {"lines": [{"sku": "A", "quantity": "two"}]}, "given")
    async with registry.open_connection(found, Resolver(tmp_path, tmp_path / "settings.json")) as connector:
        assert '"sku":"A"' in await connector.call(book, given)


async def test_what_is_bound_to_attachments_is_left_out(soap_peer: Peer, tmp_path: Path) -> None:
    plain = '<wsdl:input><soap:body use="literal"/></wsdl:input>'
    parts = '<m:multipartRelated xmlns:m="http://schemas.xmlsoap.org/wsdl/mime/"/>'
    soap_peer.wsdl = soap_peer.wsdl.replace(plain, f"<wsdl:input>{parts}</wsdl:input>", 1)
    one = await imported(soap_peer.wsdl_url, tmp_path)
    assert [(each.name, each.why) for each in one.left_out] == [
        ("Create", "it is bound to MIME attachments, which cannot be sent.")
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"Reference": None},
        {"Reference": "a", "Priority": "low"},
        {"Reference": "a", "Currency": "GBP"},
        {"Reference": "a", "Lines": [{"Sku": "A"}]},
        {"Reference": "a", "Lines": [{"Sku": "A", "Qty": 1.5}]},
    ],
)
async def test_input_is_described_as_it_is_checked(tmp_path: Path, wrong: Any) -> None:
    create = connection(await imported(written(tmp_path, WSDL), tmp_path)).operation("create")
    with pytest.raises(InputError):
        validate_data(create.input, wrong, "given")


async def test_effects_are_guessed_from_names_and_doubt_is_a_write(tmp_path: Path) -> None:
    names = ("GetOrder", "FindAndLockOrder", "GetOrCreateOrder", "Settle", "ListOrders", "GetNextNumber")
    effects = {}
    for name in names:
        one = await imported(
            written(tmp_path, WSDL.replace('operation name="Ping"', f'operation name="{name}"')), tmp_path, only=(name,)
        )
        effects[name] = next(iter(connection(one).operations.values())).effect
    assert effects == {
        **dict.fromkeys(names, "write"),
        "GetOrder": "read",
        "ListOrders": "read",
    }


async def test_where_the_wsdl_leads_and_how_to_log_in_is_for_a_person_to_decide(tmp_path: Path) -> None:
    one = await imported(written(tmp_path, WSDL), tmp_path)
    assert connection(one).settings["address"] == "https://erp.example/soap"
    assert "  # password: {secret: erp-password}" in one.text
    assert "# - `address` is what the WSDL says" in one.text
    wanted = await imported(written(tmp_path, WSDL.replace("%(imports)s", "<!-- UsernameToken -->")), tmp_path)
    assert connection(wanted).settings["password"] == {"secret": "erp-password"}


_other_binding = """<wsdl:portType name="Others">
  <wsdl:operation name="Look"><wsdl:input message="tns:PingIn"/><wsdl:output message="tns:PingOut"/></wsdl:operation>
  <wsdl:operation name="Unbound"><wsdl:input message="tns:PingIn"/></wsdl:operation></wsdl:portType>
<wsdl:binding name="Get" type="tns:Others" xmlns:h="http://schemas.xmlsoap.org/wsdl/http/"><h:binding verb="GET"/>
  <wsdl:operation name="Look"><h:operation location="/look"/>
    <wsdl:input><h:urlEncoded/></wsdl:input><wsdl:output/></wsdl:operation></wsdl:binding>
"""


@pytest.mark.parametrize(
    ("was", "becomes", "lost"),
    [
        (
            '<wsdl:service name="Sales',
            _other_binding + '<wsdl:service name="Sales',
            {"Look": "no SOAP binding", "Unbound": "no binding"},
        ),
        (
            '<wsdl:operation name="Ping">\n      <wsdl:input message="tns:PingIn"/>',
            '<wsdl:operation name="Create">\n      <wsdl:input message="tns:PingIn"/>',
            {"Ping": "types that the WSDL", "Create": "several operations of this name"},
        ),
        (
            'name="PingIn"><wsdl:part name="parameters" element="tns:Ping"',
            'name="PingIn"><wsdl:part name="parameters" type="tns:Nowhere"',
            {"Ping": "types that the WSDL"},
        ),
    ],
)
async def test_what_is_declared_and_lost_is_named(tmp_path: Path, was: str, becomes: str, lost: dict[str, str]) -> None:
    assert was in WSDL
    one = await imported(written(tmp_path, WSDL.replace(was, becomes)), tmp_path)
    reasons = {each.name: each.why for each in one.left_out}
    assert set(reasons) == set(lost)
    for name, said in lost.items():
        assert said in reasons[name]
        assert f"# - {name}: " in one.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("<wsdl:definitions", '<!DOCTYPE a [<!ENTITY b "c">]><wsdl:definitions'), "without a DOCTYPE"),
        (("%(imports)s", '<xs:import namespace="urn:x" schemaLocation="http://127.0.0.1:1/x.xsd"/>'), "--allow-host"),
        (("%(imports)s", '<xs:import namespace="urn:x" schemaLocation="/etc/passwd"/>'), "not beside it"),
        (("%(imports)s", f"<!-- {'x' * 2**24} -->"), "larger than 16 MiB"),
    ],
)
async def test_a_wsdl_that_reaches_for_more_is_refused(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    with pytest.raises(CauceError) as caught:
        await imported(written(tmp_path, WSDL.replace(*change, 1)), tmp_path)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(status=302, headers={"Location": "http://localhost:1/?wsdl"}), "not"),
        (Reply(b"<" * (2**24 + 1)), "16,777,216 bytes"),
        (Reply(status=404), "404"),
        (Reply(status=401), "only after a login"),
    ],
    ids=["another host", "too large", "not found", "wants a login"],
)
async def test_an_address_gives_what_is_its_own_and_no_more(
    soap_peer: Peer, tmp_path: Path, reply: Reply, said: str
) -> None:
    soap_peer.wsdl_reply = reply
    with pytest.raises(CauceError, match=said):
        await imported(soap_peer.wsdl_url, tmp_path)


async def test_a_login_in_an_address_is_refused_and_not_told(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        await imported("http://cauce:hunter22@erp.example/?wsdl", tmp_path)
    assert "hunter22" not in str(caught.value)


async def test_a_folder_and_a_zip_hold_a_wsdl_with_what_it_imports(tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    folder.mkdir()
    written(folder, WSDL.replace("%(imports)s", '<xs:include schemaLocation="types/more.xsd"/>'))
    (folder / "types").mkdir()
    (folder / "types/more.xsd").write_text("<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'/>")
    packed = tmp_path / "orders.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in folder.rglob("*.*"):
            archive.write(file, file.relative_to(folder))
    for source in (folder, packed):
        one = await imported(str(source), tmp_path)
        assert one.operations == ("create", "ping")
        assert connection(one).settings["wsdl"] == str(source)
    (folder / "second.wsdl").write_text(WSDL % {"address": "https://erp.example/soap", "imports": ""})
    with pytest.raises(CauceError, match="its own path"):
        await imported(str(folder), tmp_path)


@pytest.mark.parametrize("file", SAMPLE)
async def test_wsdls_of_others_are_imported(file: str, tmp_path: Path) -> None:
    if not (VENDORS / file).is_file():
        pytest.skip("the WSDLs of others are not here")
    one = await imported(str(VENDORS / file), tmp_path)
    assert (len(one.operations), one.declared) == SAMPLE[file]
