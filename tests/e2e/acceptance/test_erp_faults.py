"""What becomes of an order when the ERP is busy, loses answers, refuses, or answers nonsense."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e import answers
from tests.e2e.answers import By
from tests.e2e.case import Case, Leads, received
from tests.e2e.desk import Desk, read, until
from tests.e2e.erp import Erp
from tests.e2e.installation import Installation

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
JSON = Any


async def about_to_order(desk: Desk, leads: Leads) -> Case:
    """Return a case that only waits for the customer's answer."""
    case = await received(desk, leads.fresh())
    await case.go("answer")
    return case


async def accept(case: Case) -> None:
    """Let the customer accept."""
    read(await case.desk.complete((await case.task("answer"))["id"], "ana", answers.customer()))


@dataclass(frozen=True, slots=True)
class Silence:
    """Two leads whose orders met a bad half minute of the ERP: what became of them, and what was seen on the way."""

    timed_out: Case
    timed_out_end: JSON
    by_hand: Case
    by_hand_task: JSON
    by_hand_end: JSON


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def silence(desk: Desk, erp: Erp, leads: Leads) -> Silence:
    """Let one order time out after the ERP entered it, and let another find the ERP busy until people give up."""
    timed_out, by_hand = await asyncio.gather(about_to_order(desk, leads), about_to_order(desk, leads))
    async with erp.fault("CreateOrder", "slow", delay_ms=30_000, count=1):
        await accept(timed_out)
        await until(lambda: asyncio.to_thread(erp.orders, timed_out.lead.id))
    async with erp.fault("CreateOrder", "busy"):
        await accept(by_hand)
        task = await by_hand.task("enter-by-hand")
    customer = task["data"]["lead"]["company"]["taxId"]
    order = await asyncio.to_thread(erp.enter, by_hand.lead, erp.customers(customer)[0])
    answer = {"orderNumber": order.number, "total": order.total / 100}
    read(await desk.complete(task["id"], "pablo", answer))
    ends = await asyncio.gather(timed_out.ended("completed"), by_hand.ended("completed"))
    return Silence(timed_out, ends[0], by_hand, task, ends[1])


async def test_order_whose_answer_came_too_late_is_found(silence: Silence, erp: Erp) -> None:
    (order,) = erp.orders(silence.timed_out.lead.id)
    output = silence.timed_out_end["output"]
    assert (output["outcome"], output["order"], order.status) == ("won", order.number, "confirmed")
    assert output["total"] == order.total / 100
    assert await silence.timed_out.done() == ["contact", "qualify", "confirm-needs", "propose", "answer"]


async def test_order_is_entered_by_hand_while_the_erp_is_busy(silence: Silence, erp: Erp) -> None:
    task = silence.by_hand_task
    assert (task["group"], task["form"], task["priority"]) == ("back-office", "enter-order-by-hand", 90)
    assert task["data"]["reference"] == f"opp:{silence.by_hand.lead.id}:v1"
    (order,) = erp.orders(silence.by_hand.lead.id)
    output = silence.by_hand_end["output"]
    assert (output["outcome"], output["order"], order.status) == ("won", order.number, "confirmed")
    # Asked once, and five times more.
    tried = [each for each in silence.by_hand_end["state"]["tasks"] if each["name"] == "enter-order"]
    assert [each["status"] for each in tried] == ["faulted"] * 6


async def test_order_is_tried_again_when_the_erp_was_busy(desk: Desk, erp: Erp, leads: Leads) -> None:
    case = await about_to_order(desk, leads)
    before = await erp.calls("CreateOrder")
    async with erp.fault("CreateOrder", "busy", count=2):
        await accept(case)
        found = await case.ended("completed")
    assert found["output"]["outcome"] == "won"
    assert [each.number for each in erp.orders(case.lead.id)] == [found["output"]["order"]]
    assert await erp.calls("CreateOrder") == before + 3


@pytest.mark.parametrize("find", ["answers", "is busy too"])
async def test_order_that_lost_its_answer_is_found(find: str, desk: Desk, erp: Erp, leads: Leads) -> None:
    case = await about_to_order(desk, leads)
    if find == "is busy too":
        await erp.switch("FindOrderByReference", "busy", count=2)
    before = await erp.calls("FindOrderByReference")
    async with erp.fault("CreateOrder", "drop-after-work", count=1):
        await accept(case)
        found = await case.ended("completed")
    assert found["output"]["outcome"] == "won"
    assert [each.number for each in erp.orders(case.lead.id)] == [found["output"]["order"]]
    assert await erp.calls("FindOrderByReference") == before + (3 if find == "is busy too" else 1)


async def test_new_customer_that_lost_its_answer_is_found(desk: Desk, erp: Erp, leads: Leads) -> None:
    lead = leads.first_time_buyer
    assert erp.customers(lead.tax_id) == []
    async with erp.fault("CreateCustomer", "drop-after-work", count=1):
        # Accounting does not know them, so somebody has to vouch.
        case = await received(desk, lead, {"review-credit": By("marta", answers.credit("release"))})
        found = await case.go()
    (number,) = erp.customers(lead.tax_id)
    (order,) = erp.orders(lead.id)
    assert (found["output"]["outcome"], found["output"]["customer"], order.customer) == ("won", number, number)


async def test_order_that_differs_when_read_back_is_cancelled(desk: Desk, erp: Erp, leads: Leads) -> None:
    case = await about_to_order(desk, leads)
    async with erp.fault("GetOrder", "busy", count=2):
        await accept(case)
        (order,) = await until(lambda: asyncio.to_thread(erp.orders, case.lead.id))
        await asyncio.to_thread(erp.change_total, order.number, order.total + 1)
        found = await case.go()
    assert_undone(case, found, erp)
    assert f"The ERP shows order {order.number} as confirmed with another total." in str(found["state"]["context"])


async def test_order_that_cannot_be_read_back_is_cancelled(desk: Desk, erp: Erp, leads: Leads) -> None:
    case = await about_to_order(desk, leads)
    async with erp.fault("GetOrder", "fault", code="INTERNAL_ERROR"):
        await accept(case)
        found = await case.go()
    assert_undone(case, found, erp)


def assert_undone(case: Case, found: JSON, erp: Erp) -> None:
    assert (found["output"]["outcome"], found["output"]["reason"]) == ("lost", "internal-capacity")
    assert found["summary"]["stage"] == "lost"
    (order,) = erp.orders(case.lead.id)
    assert (order.status, order.cancel_reason) == ("cancelled", "Cancelled by the hub")


async def test_cancelled_instance_cancels_its_order(
    installation: Installation, desk: Desk, erp: Erp, leads: Leads
) -> None:
    case = await about_to_order(desk, leads)
    async with erp.fault("GetOrder", "busy"):
        await accept(case)
        await until(lambda: asyncio.to_thread(erp.orders, case.lead.id))
        done = await installation.cauce("instances", "cancel", case.id)
        assert (done.code, done.err.strip()) == (0, f"{case.id}: asked to cancel.")
        await case.ended("cancelled")
    (order,) = erp.orders(case.lead.id)
    assert (order.status, order.cancel_reason) == ("cancelled", "Cancelled by the hub")
    assert read(await desk["oper"].get("/instances", params={"status": "cancelled", "key": case.lead.id}))["items"]


async def test_refused_order_is_told_and_entered_by_a_retry(
    installation: Installation, desk: Desk, erp: Erp, leads: Leads
) -> None:
    case = await about_to_order(desk, leads)
    async with erp.fault("CreateOrder", "fault", code="CUSTOMER_BLOCKED", count=1):
        await accept(case)
        found = await case.ended("faulted")
    assert found["problem"]["type"] == "https://cauce.dev/errors/business"
    assert "CUSTOMER_BLOCKED" in found["problem"]["detail"]
    assert found["problem"]["instance"].endswith("/enter-order")
    assert erp.orders(case.lead.id) == []
    await assert_retry_completes(case, installation, erp)


async def test_answer_that_is_not_xml_is_told_and_asked_for_again_by_a_retry(
    installation: Installation, desk: Desk, erp: Erp, leads: Leads
) -> None:
    async with erp.fault("SimulatePrice", "non-xml"):
        case = await received(desk, leads.fresh())
        found = await case.go()
    assert found["summary"]["status"] == "faulted"
    assert found["problem"]["instance"].endswith("/ask-price")
    assert found["problem"]["detail"].endswith(" answered with text/html that is not XML.")
    assert found["problem"]["hint"]
    shown = await installation.cauce("instances", "show", case.id)
    assert "faulted" in shown.out
    assert "answered with text/html that is not XML." in shown.out
    await assert_retry_completes(case, installation, erp)


async def assert_retry_completes(case: Case, installation: Installation, erp: Erp) -> None:
    before = await case.done()
    started = await installation.cauce("instances", "retry", case.id, "--json")
    assert started.code == 0, started.err
    assert started.data["id"] == case.id
    found = await case.go()
    assert (found["summary"]["status"], found["output"]["outcome"]) == ("completed", "won")
    # What was done before the fault was not done again.
    after = await case.done()
    assert after[: len(before)] == before
    assert sorted(after) == ["answer", "confirm-needs", "contact", "propose", "qualify"]
    assert len(erp.orders(case.lead.id)) == 1
