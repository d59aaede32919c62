import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
import zeep
from lxml import etree
from zeep.exceptions import Fault, TransportError

from cauce import connection as connections
from cauce import registry
from cauce.capabilities import shipped
from cauce.connector import BaseConnector, Operation
from cauce.errors import RemoteError
from cauce.expressions import compile_expression
from cauce.recording.exchanges import described
from cauce.recording.fixtures import read
from cauce.recording.masking import Masker
from cauce.recording.rules import rules
from cauce.recording.tape import running
from cauce.secrets import Resolver
from cauce.services.certifying.subject import Subject
from cauce.services.certifying.suite import certify
from cauce.services.fixtures import fixture
from cauce.testing.stand_in import serving
from demo.company import Company
from schemas import load_file
from workflows.checking import check
from workflows.checking.capabilities import shortcomings

FOLDER = Path(__file__).parents[2] / "definitions" / "connections"
NS = "{urn:cauce:demo:erp:1}"
PUMP = "BOM-SUP-050"

Switch = Callable[..., None]


def fault_code(error: Fault) -> str:
    return str(error.detail.findtext(f"{NS}ErpFault/{NS}Code"))


def order(erp: zeep.Client, reference: str, quantity: int = 2, sku: str = PUMP, **more: Any) -> Any:
    line = {"Sku": sku, "Quantity": quantity, "RequestedDate": "2026-12-01"}
    return erp.service.CreateOrder(Reference=reference, CustomerNumber="C000001", Lines={"Line": [line]}, **more)


def test_customers_are_found_entered_changed_and_blocked(erp: zeep.Client) -> None:
    data = {"Name": "Peña & Hijos <Riegos>, S.L.", "TaxId": "B12345674", "Email": "Ana@Pena.example", "Town": "Lorca"}

    number = erp.service.CreateCustomer(data)
    (by_tax_id,) = erp.service.FindCustomer(TaxId="B12345674")
    (by_email,) = erp.service.FindCustomer(Email="ana@pena.example")
    (by_name,) = erp.service.FindCustomer(Name="hijos <")
    changed = erp.service.UpdateCustomer(number, {"Town": "Águilas", "Tier": "gold"})
    blocked = erp.service.BlockCustomer(number, True, "Impagado")  # noqa: FBT003 - the WSDL's order

    assert by_tax_id == by_email == by_name == erp_customer(by_tax_id, number)
    assert (changed.Town, changed.Tier, changed.Name) == ("Águilas", "gold", data["Name"])
    assert (blocked.Blocked, blocked.BlockReason) == (True, "Impagado")
    assert erp.service.FindCustomer(TaxId="A58818501") == []
    with pytest.raises(Fault, match="tax identifier B12345674 already") as refused:
        erp.service.CreateCustomer(data)
    assert fault_code(refused.value) == "CUSTOMER_EXISTS"
    with pytest.raises(Fault, match=f"Customer {number} is blocked for new orders") as refused:
        erp.service.CreateOrder("b:1", number, "complete", {"Line": [{"Sku": PUMP, "Quantity": 1}]})
    assert fault_code(refused.value) == "CUSTOMER_BLOCKED"


def erp_customer(found: Any, number: str) -> Any:
    assert (found.CustomerNumber, found.Name, found.Tier, found.Blocked) == (
        number, "Peña & Hijos <Riegos>, S.L.", "standard", False,
    )  # fmt: skip
    return found


def test_prices_depend_on_customer_and_quantity(erp: zeep.Client) -> None:
    gold = next(one for one in erp.service.FindCustomer(Name=",") if one.Tier == "gold")

    price = erp.service.SimulatePrice(gold.CustomerNumber, PUMP, 25, Decimal(10))

    assert price.ListPrice == Decimal("189.00")
    assert price.NetPrice == Decimal("156.70")  # 6 % for gold, 2 % from 25 pieces on, 10 % agreed
    assert price.LineTotal == Decimal("3917.50")
    assert (price.Cost, price.MarginPct) == (Decimal("117.18"), Decimal("25.22"))
    assert erp.service.GetItem(PUMP).Name == "Bomba de superficie 0,5 CV"


def test_a_warranty_is_in_force_from_the_delivery_on(erp: zeep.Client) -> None:
    pump = erp.service.GetWarranty(PUMP, date(2024, 2, 29))
    assert (pump.Months, pump.Until) == (36, date(2027, 2, 28))
    assert (erp.service.GetWarranty("VAL-COM-050").Months, erp.service.GetWarranty(PUMP).Until) == (24, None)


def test_an_order_is_entered_found_read_and_cancelled(erp: zeep.Client) -> None:
    before = erp.service.GetAvailability(PUMP)

    entered = order(erp, "opp:1:v1")
    found = erp.service.FindOrderByReference("opp:1:v1")
    read = erp.service.GetOrder(entered.OrderNumber)
    taken = erp.service.GetAvailability(PUMP)
    cancelled = erp.service.CancelOrder(entered.OrderNumber, "No la quieren")

    assert (found.Count, found.Order) == (1, read)
    assert (found.Order.OrderNumber, found.Order.Status, found.Order.Total) == (
        entered.OrderNumber, "confirmed", entered.Total,
    )  # fmt: skip
    (line,) = entered.Lines.Line
    assert (line.ConfirmedQuantity, str(line.ConfirmedDate)) == (2, "2026-12-01")
    assert taken.AvailableToPromise == before.AvailableToPromise - 2
    assert cancelled.Status == erp.service.CancelOrder(entered.OrderNumber).Status == "cancelled"
    assert erp.service.GetAvailability(PUMP).AvailableToPromise == before.AvailableToPromise
    assert erp.service.FindOrderByReference("opp:1:v1").Count == 0
    assert erp.service.FindOrderByReference("opp:1:v1", True).Count == 1  # noqa: FBT003 - the WSDL's order


def test_a_price_and_a_discount_that_were_agreed_are_what_is_charged(erp: zeep.Client) -> None:
    line = {"Sku": PUMP, "Quantity": 3, "Price": Decimal("100.10"), "DiscountPct": Decimal("12.5")}

    entered = erp.service.CreateOrder("opp:2:v1", "C000001", "complete", {"Line": [line]})

    assert entered.Total == Decimal("262.76")


def test_what_is_short_is_confirmed_in_part_or_not_at_all(erp: zeep.Client) -> None:
    (complete,) = order(erp, "opp:3:v1", 9, "BOM-INX-400", DeliveryPolicy="complete").Lines.Line
    (partial,) = order(erp, "opp:3:v2", 9, "BOM-INX-400", DeliveryPolicy="partial").Lines.Line

    assert (complete.ConfirmedQuantity, str(complete.ConfirmedDate)) == (0, "2026-11-14")
    assert (partial.ConfirmedQuantity, str(partial.ConfirmedDate)) == (4, "2026-12-01")


def test_reserved_stock_goes_to_the_order_with_its_reference(erp: zeep.Client) -> None:
    erp.service.ReserveStock("opp:4:v1", "FIL-AUT-100", 2)
    with pytest.raises(Fault, match="Only 0 of FIL-AUT-100 can be promised") as refused:
        erp.service.ReserveStock("opp:5:v1", "FIL-AUT-100", 1)

    (line,) = order(erp, "opp:4:v1", 2, "FIL-AUT-100").Lines.Line

    assert fault_code(refused.value) == "NOT_ENOUGH_STOCK"
    assert line.ConfirmedQuantity == 2
    assert erp.service.ReleaseStock("opp:4:v1") == 0


@pytest.mark.parametrize(
    ("operation", "arguments", "code"),
    [
        ("GetItem", {"Sku": "NOPE"}, "UNKNOWN_ITEM"),
        ("GetWarranty", {"Sku": "NOPE"}, "UNKNOWN_ITEM"),
        ("GetCustomer", {"CustomerNumber": "C999999"}, "UNKNOWN_CUSTOMER"),
        ("GetOrder", {"OrderNumber": "SO-999999"}, "UNKNOWN_ORDER"),
        ("FindCustomer", {}, "INVALID_REQUEST"),
        ("SimulatePrice", {"CustomerNumber": "C000001", "Sku": PUMP, "Quantity": 0}, "INVALID_REQUEST"),
    ],
)
def test_a_refusal_is_a_fault_with_a_code(
    erp: zeep.Client, operation: str, arguments: dict[str, Any], code: str
) -> None:
    with pytest.raises(Fault) as refused:
        erp.service[operation](**arguments)

    assert fault_code(refused.value) == code
    assert refused.value.code == "soap:Client"


def test_a_refused_order_leaves_nothing_behind(erp: zeep.Client) -> None:
    lines = [{"Sku": PUMP, "Quantity": 1}, {"Sku": "NOPE", "Quantity": 1}]
    before = erp.service.GetAvailability(PUMP)

    with pytest.raises(Fault, match="There is no item NOPE"):
        erp.service.CreateOrder("opp:6:v1", "C000001", "complete", {"Line": lines})

    assert erp.service.FindOrderByReference("opp:6:v1").Count == 0
    assert erp.service.GetAvailability(PUMP) == before


def test_an_order_with_the_warehouse_cannot_be_cancelled(erp: zeep.Client, company: Company) -> None:
    number = order(erp, "opp:7:v1").OrderNumber

    released = requests.post(f"{company.erp_admin}/orders/{number}/release", timeout=5)

    assert released.json() == {"status": "released"}
    with pytest.raises(Fault, match="is with the warehouse already") as refused:
        erp.service.CancelOrder(number)
    assert fault_code(refused.value) == "ORDER_RELEASED"


def test_a_second_order_with_the_same_reference_is_entered_and_counted(erp: zeep.Client, company: Company) -> None:
    before = company.orders_summary()

    first, second = order(erp, "opp:8:v1"), order(erp, "opp:8:v1")

    after = company.orders_summary()
    assert first.OrderNumber != second.OrderNumber
    assert erp.service.FindOrderByReference("opp:8:v1").Order.OrderNumber == first.OrderNumber
    assert (after["orders"] - before["orders"], after["duplicates"] - before["duplicates"]) == (2, 1)
    assert after["amount"] - before["amount"] == pytest.approx(float(first.Total + second.Total))
    stats = requests.get(f"{company.erp_admin}/stats", timeout=5).json()
    assert {name: stats[name] for name in after} == after
    erp.service.CancelOrder(second.OrderNumber)
    assert company.orders_summary()["duplicates"] == before["duplicates"]


def test_without_the_right_login_nothing_is_answered_but_the_wsdl(company: Company) -> None:
    address = company.erp_wsdl.removesuffix("?wsdl")

    assert requests.post(address, data="<x/>", timeout=5).status_code == 401
    assert requests.post(address, data="<x/>", auth=("cauce", "wrong"), timeout=5).status_code == 401
    assert f'location="{address}"' in requests.get(company.erp_wsdl, timeout=5).text


def test_what_is_not_soap_is_refused_without_a_stack(company: Company) -> None:
    address = company.erp_wsdl.removesuffix("?wsdl")

    answer = requests.post(address, data="not xml", auth=("cauce", company.password), timeout=5)

    assert answer.status_code == 500
    assert ".js:" not in answer.text


async def test_every_capability_is_certified_and_nothing_is_left_behind(company: Company, tmp_path: Path) -> None:
    before = company.orders_summary()
    environment = {f"CAUCE_SETTING_{name.upper().replace('-', '_')}": text for name, text in company.settings().items()}
    environment["CAUCE_SECRET_ERP_PASSWORD"] = company.password
    resolver = Resolver(tmp_path, tmp_path / "settings.json", environment)
    found: dict[str, list[str]] = {}
    for name in ("erp", "accounting", "scm"):
        document = load_file(FOLDER / f"{name}.yaml").data
        parsed, data = connections.parse(document), document["certification"]["data"]
        async with registry.open_connection(parsed, resolver) as connector:
            for each in document["implements"]:
                capability = shipped()[each]
                missing = list(shortcomings(capability, document))
                done = await certify(Subject(parsed, connector, capability, data), "1", missing)
                found[f"{each}@{name}"] = [
                    check.sentence for check in done.checks if check.result in {"failed", "warning"}
                ]
    (stays,) = found.pop("credit@accounting")
    assert stays.endswith("stays: the capability has no cleanup for it."), "a limit that was raised once is on record"
    twice = "The same again was entered twice: only the hub's ledger and `{}` keep documents single."
    assert {name: problems for name, problems in found.items() if problems} == {
        "orders@erp": [twice.format("find-order")],
        "credit-notes@erp": [twice.format("find-credit-note")],
    }
    assert {"customers@erp", "items@erp", "prices@erp", "stock@scm"} <= set(found)
    assert company.orders_summary() == before


class TestFaults:
    def test_busy_is_a_503_and_nothing_is_done(self, erp: zeep.Client, company: Company, switch: Switch) -> None:
        before = company.orders_summary()
        switch("busy", operation="CreateOrder", count=1)

        with pytest.raises(Fault, match="Too many users") as busy:
            order(erp, "f:1")

        assert (fault_code(busy.value), busy.value.code) == ("SERVER_BUSY", "soap:Server")
        assert company.orders_summary() == before
        assert order(erp, "f:1").OrderNumber

    def test_busy_has_the_http_status_503(self, erp: zeep.Client, company: Company, switch: Switch) -> None:
        message = erp.create_message(erp.service, "GetItem", Sku=PUMP)
        switch("busy", count=1)
        answer = requests.post(
            company.erp_wsdl.removesuffix("?wsdl"), etree.tostring(message), auth=("cauce", company.password),
            headers={"Content-Type": "text/xml", "SOAPAction": '"urn:cauce:demo:erp:1/GetItem"'}, timeout=5,
        )  # fmt: skip

        assert answer.status_code == 503

    def test_a_dropped_connection_leaves_the_order_done(self, erp: zeep.Client, switch: Switch) -> None:
        switch("drop-after-work", operation="CreateOrder", count=1)

        with pytest.raises(requests.ConnectionError):
            order(erp, "f:2")

        assert erp.service.FindOrderByReference("f:2").Count == 1

    def test_a_slow_answer_comes_after_the_work(self, erp: zeep.Client, switch: Switch) -> None:
        switch("slow", operation="CreateOrder", count=1, delay_ms=60_000)

        with pytest.raises(requests.Timeout):
            order(erp, "f:3")

        assert erp.service.FindOrderByReference("f:3").Count == 1

    def test_slow_is_as_slow_as_it_is_told(self, erp: zeep.Client, switch: Switch) -> None:
        switch("slow", operation="GetItem", count=1, delay_ms=300)
        started = time.monotonic()

        assert erp.service.GetItem(PUMP).Sku == PUMP
        assert time.monotonic() - started >= 0.3

    def test_a_fault_has_the_code_it_is_told(self, erp: zeep.Client, switch: Switch) -> None:
        switch("fault", operation="GetItem", count=1, code="UNKNOWN_ITEM")

        with pytest.raises(Fault, match="switched on for a test") as struck:
            erp.service.GetItem(PUMP)

        assert fault_code(struck.value) == "UNKNOWN_ITEM"

    def test_an_answer_may_be_html(self, erp: zeep.Client, switch: Switch) -> None:
        switch("non-xml", operation="GetItem", count=1)

        with pytest.raises(TransportError, match="invalid XML"):
            erp.service.GetItem(PUMP)

        assert erp.service.GetItem(PUMP).Sku == PUMP

    def test_probability_with_a_seed_strikes_the_same_calls(self, erp: zeep.Client, switch: Switch) -> None:
        def struck() -> list[bool]:
            switch("fault", operation="GetItem", probability=0.5, seed=3)
            calls = []
            for _ in range(20):
                try:
                    erp.service.GetItem(PUMP)
                    calls.append(False)
                except Fault:
                    calls.append(True)
            return calls

        first = struck()

        assert 0 < sum(first) < 20
        assert struck() == first
        switch("off")
        assert erp.service.GetItem(PUMP).Sku == PUMP

    @pytest.mark.parametrize(
        ("order", "problem"),
        [
            (
                {"mode": "explode"},
                "There is no mode 'explode'; there are: slow, busy, drop-after-work, fault, non-xml, off.",
            ),
            ({"mode": "busy", "operation": "Nope"}, "There is no operation 'Nope'."),
            ({"mode": "busy", "count": 0}, "count is a whole number above 0, or null."),
            ({"mode": "busy", "probability": 2}, "probability is between 0 and 1."),
        ],
    )
    def test_a_wrong_fault_is_refused(self, company: Company, order: dict[str, Any], problem: str) -> None:
        answer = requests.post(f"{company.erp_admin}/faults", json=order, timeout=5)

        assert (answer.status_code, answer.json()) == (400, {"problem": problem})


def recorded_calls(reference: str) -> list[tuple[str, Any]]:
    """Return calls of the shipped connection: reads, writes, what is refused, and the same once more."""
    customer = {"taxId": "B99286320", "name": "Peña & Hijos", "email": "ana@pena.example", "phone": "+34 612 345 678"}
    line = {"sku": PUMP, "quantity": 2, "discountPct": 0}
    order_ = {"reference": reference, "customer": "C000001", "lines": [line], "delivery": "complete"}
    return [
        ("find-customer", {"taxId": "B99286320"}),
        ("create-customer", customer),
        ("create-customer", customer),
        ("find-customer", {"taxId": "B99286320"}),
        ("get-item", {"sku": PUMP}),
        ("get-item", {"sku": "NO-SUCH"}),
        ("create-order", order_),
    ]


async def test_what_was_recorded_is_replayed_with_identical_results(company: Company, tmp_path: Path) -> None:
    environment = {f"CAUCE_SETTING_{name.upper().replace('-', '_')}": text for name, text in company.settings().items()}
    environment["CAUCE_SECRET_ERP_PASSWORD"] = company.password
    resolver = Resolver(tmp_path, tmp_path / "settings.json", environment)
    parsed = connections.parse(load_file(FOLDER / "erp.yaml").data)
    masker = Masker(b"k", rules({"mask": [{"field": "Name"}]}), [company.password])
    exchanges = []
    async with registry.open_connection(parsed, resolver) as connector:
        for name, params in recorded_calls("rec:1"):
            exchanges.append(await exchange(connector, parsed.operation(name), params, masker))
        contract = await connector.contract()
    head = {"recording": "erp", "connection": "erp", "kind": "soap", "documents": contract}
    text = fixture(head, exchanges).text
    for left in (company.password, "Peña", "pena.example", "612 345 678", "B99286320", "127.0.0.1"):
        assert left not in text
    (tmp_path / "erp.yaml").write_text(text, encoding="utf-8")
    assert check([load_file(tmp_path / "erp.yaml")]) == []
    replayed = read(tmp_path / "erp.yaml")
    async with serving(replayed, delays=False) as address:
        moved = replace(parsed, settings={"wsdl": f"{address}/?wsdl"})
        async with registry.open_connection(moved, resolver) as connector:
            for each in replayed.exchanges:
                found = await outcome_of(connector, parsed.operation(each["operation"]), each["request"])
                wanted = {"error": each["error"]["code"]} if "error" in each else {"response": each["response"]}
                assert found == wanted, each["operation"]


async def exchange(connector: BaseConnector[Any], operation: Operation, params: Any, masker: Masker) -> Any:
    request = compile_expression(operation.request).first(params, {})
    kept: dict[str, Any] = {"operation": operation.name, "with": params, "request": request, "tookMs": 1.0}
    with running() as tape:
        try:
            kept["response"] = await connector.call(operation, request)
        except RemoteError as error:
            kept["error"] = described(error)
    return masker.exchange({**kept, "wire": tape.wire})


async def outcome_of(connector: BaseConnector[Any], operation: Operation, request: Any) -> dict[str, Any]:
    try:
        return {"response": await connector.call(operation, request)}
    except RemoteError as error:
        return {"error": error.remote_code}
