"""The courses that a lead can take while all systems work: one row each, all of them under way at the same time."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import pytest_asyncio

from demo.lead import Course, Lead
from tests.e2e import answers
from tests.e2e.answers import By
from tests.e2e.case import Case, Leads, received
from tests.e2e.desk import Desk, browser, read, until
from tests.e2e.erp import Erp
from tests.e2e.installation import Installation
from tests.e2e.letters import answer_form, mail_to

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

to_proposal = ("contact", "qualify", "confirm-needs", "propose")
to_answer = (*to_proposal, "answer")


@dataclass(frozen=True, slots=True)
class Row:
    """A course: who answers what (where it differs), the human tasks that come up, and how it ends."""

    tasks: Sequence[str]
    stage: str
    output: Mapping[str, Any]
    script: Mapping[str, By | Sequence[By]] = field(default_factory=dict)
    lead: tuple[Course, int] | None = None
    discount: float | Sequence[float] = 0
    """Of one proposal, or of several in turn."""
    delivery: str = "complete"
    substitute: str | None = None
    confirmed: str = "all"


def lost(reason: str, *, qualified: bool = True) -> dict[str, Any]:
    return {"outcome": "lost", "reason": reason, "qualified": qualified}


won = {"outcome": "won", "qualified": True}
reject, approve, send_back = (answers.decision(each) for each in ("reject", "approve", "return"))

ROWS = {
    "won": Row(to_answer, "won", won),
    "discount within one's own": Row(to_answer, "won", won, discount=5),
    "nobody reached": Row(
        ["contact"], "lost", lost("no-answer", qualified=False),
        {"contact": By("jordi", answers.contact("no-answer", "close"))},
    ),
    "score too low": Row(
        ["contact", "qualify"], "discarded", {"outcome": "discarded", "reason": "out-of-profile", "qualified": False},
        lead=(Course.DISCARD, 0),
    ),
    "blocked in the ERP": Row(
        ["contact", "qualify"], "discarded", {"outcome": "discarded", "reason": "credit-blocked", "qualified": False},
        lead=(Course.BLOCKED, 0),
    ),
    "needs do not fit": Row(
        ["contact", "qualify", "confirm-needs", "lost"], "lost", lost("functionality"),
        {"confirm-needs": By("ana", answers.needs(confirmed=False))},
    ),
    "discount rejected": Row(
        [*to_proposal, "approve-discount", "lost"], "lost", lost("price"),
        {"approve-discount": By("luis", reject)}, discount=12,
    ),
    "discount of a manager": Row(
        [*to_proposal, "approve-discount", "answer"], "won", won,
        {"approve-discount": By("elena", approve)}, discount=15,
    ),
    "discount of a director": Row(
        [*to_proposal, "approve-discount", "answer"], "won", won,
        {"approve-discount": By("carmen", approve)}, discount=20,
    ),
    # Both are asked at the same time, and both have a task of it.
    "discount with two signatures": Row(
        [*to_proposal, "approve-discount", "approve-discount", "answer"], "won", won,
        {"approve-discount": [By("marta", approve), By("carmen", approve)]}, discount=28,
    ),
    # A director alone may give 25 %, but not where less is earned than the floor.
    "second signature refused": Row(
        [*to_proposal, "approve-discount", "approve-discount", "lost"], "lost", lost("price"),
        {"approve-discount": [By("carmen", approve), By("pablo", reject)]}, discount=25,
    ),
    "director refuses alone": Row(
        [*to_proposal, "approve-discount", "lost"], "lost", lost("price"),
        {"approve-discount": By("elena", reject)}, discount=28,
    ),
    "sent back to who proposed": Row(
        [*to_proposal, "approve-discount", "propose", "approve-discount", "answer"], "won", won,
        {"approve-discount": [By("luis", send_back), By("luis", approve)]}, discount=(15, 8),
    ),
    "sent back and given up": Row(
        [*to_proposal, "approve-discount", "propose", "answer"], "lost", lost("competitor"),
        {"approve-discount": By("luis", send_back), "answer": By("ana", answers.customer("rejected", "competitor"))},
        discount=(12, 5),
    ),
    "customer declines": Row(
        to_answer, "lost", lost("lead-time"), {"answer": By("ana", answers.customer("rejected", "lead-time"))}
    ),
    "customer does not answer": Row(
        [*to_answer, "lost"], "lost", lost("no-decision"), {"answer": By("ana", answers.customer("no-answer"))}
    ),
    "credit released": Row(
        [*to_answer, "review-credit"], "won", won, {"review-credit": By("marta", answers.credit("release"))},
        lead=(Course.CREDIT_MANUAL, 0),
    ),
    "credit with an advance": Row(
        [*to_answer, "review-credit", "confirm-advance"], "won", won,
        {
            "review-credit": By("pablo", answers.credit("release-with-advance", 50)),
            "confirm-advance": By("marta", answers.advance()),
        },
        lead=(Course.CREDIT_ADVANCE, 0),
    ),
    "credit refused by a person": Row(
        [*to_answer, "review-credit", "lost"], "lost", lost("credit-refused"),
        {"review-credit": By("marta", answers.credit("reject"))}, lead=(Course.CREDIT_REFUSED, 0),
    ),
    "credit refused by the table": Row(
        [*to_answer, "confirm-advance", "lost"], "lost", lost("credit-refused"),
        {"confirm-advance": By("marta", answers.advance("not-paid"))}, lead=(Course.CREDIT_REFUSED, 2),
    ),
    "no credit, and paid in advance": Row(
        [*to_answer, "confirm-advance"], "won", won,
        {"confirm-advance": By("marta", answers.advance())}, lead=(Course.CREDIT_REFUSED, 5),
    ),
    "shortage: in parts": Row(
        [*to_answer, "resolve-shortage"], "won", won, {"resolve-shortage": By("ana", answers.shortage("partial"))},
        lead=(Course.SHORTAGE_PARTIAL, 0), delivery="partial", confirmed="some",
    ),
    "shortage: later": Row(
        [*to_answer, "resolve-shortage"], "won", won, {"resolve-shortage": By("ana", answers.shortage("wait"))},
        lead=(Course.SHORTAGE_WAIT, 0), confirmed="none",
    ),
    "shortage: another item": Row(
        [*to_answer, "resolve-shortage", "propose", "answer"], "won", won,
        {"resolve-shortage": By("ana", answers.shortage("substitute", "BOM-SUM-200"))}, lead=(Course.SHORTAGE_WAIT, 1),
        substitute="BOM-SUM-200",
    ),
    "shortage: cancelled": Row(
        [*to_answer, "resolve-shortage", "lost"], "lost", lost("lead-time"),
        {"resolve-shortage": By("ana", answers.shortage("cancel-line"))}, lead=(Course.SHORTAGE_CANCEL, 0),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Walked:
    """A lead at the end of its course."""

    lead: Lead
    instance: Any
    tasks: Sequence[str]


async def walk(row: Row, lead: Lead, desk: Desk) -> Walked:
    discounts = row.discount if isinstance(row.discount, Sequence) else [row.discount]
    proposals = [By("ana", answers.proposal(lead, discount)) for discount in discounts]
    if row.substitute:
        proposals.append(By("ana", answers.proposal(replace(lead, sku=row.substitute))))
    case = await received(desk, lead, {"propose": proposals, **row.script})
    instance = await case.go()
    return Walked(lead, instance, await case.done())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def walked(desk: Desk, leads: Leads) -> dict[str, Walked | BaseException]:
    """Send all leads on their way at once, and return where each came to."""
    chosen = [leads.of(*row.lead) if row.lead else leads.fresh() for row in ROWS.values()]
    walks = (walk(row, lead, desk) for row, lead in zip(ROWS.values(), chosen, strict=True))
    return dict(zip(ROWS, await asyncio.gather(*walks, return_exceptions=True), strict=True))


@pytest.mark.parametrize("course", ROWS)
async def test_course_of_a_lead(course: str, walked: dict[str, Walked | BaseException], erp: Erp) -> None:
    row, found = ROWS[course], walked[course]
    if isinstance(found, BaseException):
        raise found
    summary, output = found.instance["summary"], found.instance["output"]
    assert (summary["status"], summary["stage"]) == ("completed", row.stage)
    assert {name: output[name] for name in row.output} == row.output
    assert output["lead"] == found.lead.id
    assert found.tasks == list(row.tasks)

    orders = erp.orders(found.lead.id)
    if row.stage != "won":
        assert orders == []
        return
    (order,) = orders
    assert (order.number, order.total) == (output["order"], round(output["total"] * 100))
    assert (order.status, order.delivery, order.customer) == ("confirmed", row.delivery, output["customer"])
    ((sku, wanted, _, confirmed),) = order.lines
    assert (sku, wanted) == (row.substitute or found.lead.sku, found.lead.quantity)
    assert row.confirmed == ("all" if confirmed == wanted else "some" if confirmed else "none")


async def test_lead_that_is_kept_is_woken_by_what_the_customer_says(desk: Desk, leads: Leads) -> None:
    lead = leads.of(Course.NURTURE)
    case = await received(desk, lead, {"contact": By("ana", answers.contact())})
    await case.go("qualify")
    read(await desk.complete((await case.task("qualify"))["id"], "ana", answers.qualification(lead)))

    async def kept() -> bool:
        return bool((await desk.instance(case.id))["summary"]["stage"] == "nurture")

    await until(kept)
    said = {"type": "com.example.lead.replied.v1", "subject": lead.id, "data": {"text": "Ya tenemos presupuesto."}}
    read(await desk.send({"specversion": "1.0", "id": f"reply:{lead.id}", "source": "urn:test", **said}))
    again = await case.task("qualify")
    assert again["data"]["reply"]["text"] == "Ya tenemos presupuesto."
    assert (await desk.instance(case.id))["summary"]["stage"] == "contacted"


async def test_customer_bargains_and_accepts_at_the_address_in_the_mail(
    installation: Installation, desk: Desk, leads: Leads
) -> None:
    lead = replace(leads.fresh(), email="compras@regateo.example")
    case = await received(desk, lead)

    async def proposing() -> bool:
        return [each["name"] for each in await desk.open_tasks(case.id)] == ["propose"]

    await case.go("answer")
    await answer_form(installation, await mail_to(installation, lead.email, "Nuestra propuesta"), answer="counter")
    await until(proposing)
    assert (await desk.instance(case.id))["summary"]["stage"] == "negotiation"
    await case.go("answer")
    await answer_form(installation, await mail_to(installation, lead.email, "Nuestra propuesta", 2), answer="accepted")
    found = await case.ended("completed")
    assert (found["output"]["outcome"], await case.done()) == ("won", [*to_proposal, "propose"])


async def test_two_who_claim_a_customer_are_told_by_their_manager_whose_it_is(desk: Desk, leads: Leads) -> None:
    lead = leads.of(Course.LOST_NEEDS)
    cases = []
    for owner, number in (("ana", "1"), ("jordi", "2")):
        claimed = replace(lead, id=f"{lead.id}-{number}")
        event = claimed.event()
        event["data"]["owner"] = owner
        read(await desk.send(event))
        decided = {"decision": "hand-over", "reason": "Es de su zona."}
        script = {"resolve-ownership": By("elena", decided), "contact": By(owner, answers.contact("refuses", "close"))}
        case = Case(desk, claimed, answers.of(claimed, script))
        task = await case.go("contact")
        assert (task["data"]["owner"], task["user"]) == (owner, owner)
        await case.go()
        cases.append(await case.done())
    assert cases == [["contact"], ["resolve-ownership", "contact"]]
    told = read(await desk["ana"].get("/notifications"))["items"]
    assert [each["text"] for each in told if lead.company in str(each["title"])] == ["Es de su zona."]


async def test_lead_of_a_customer_who_has_an_open_one_joins_it(
    installation: Installation, desk: Desk, leads: Leads
) -> None:
    lead = replace(leads.fresh(), about="Nave de Getafe")
    case = await received(desk, lead, {"contact": By("ana", answers.contact("refuses", "close"))})
    task = await case.task("contact")
    # The same company by mail, without its tax number.
    again = replace(lead, id=f"{lead.id}-2", tax_id="", source="call", need="También una válvula.")
    joined = await (await received(desk, again)).ended("completed")
    assert joined["output"] == {
        "outcome": "discarded", "lead": again.id, "qualified": False, "reason": "duplicate", "of": lead.id,
    }  # fmt: skip

    async def told() -> bool:
        items = read(await desk["jordi"].get("/notifications"))["items"]
        return any(each["text"] == again.need for each in items)

    await until(told)
    # Whoever contacts them reads it beside the form, also in a task that was open before.
    async with browser(installation.url, "ana", installation.password) as ana:
        assert again.need in (await ana.get(f"/tasks/{task['id']}")).text
    assert (await case.go())["output"]["reason"] == "no-answer"
    # That one is over: what comes now is a lead of its own.
    after = await received(desk, replace(again, id=f"{lead.id}-3"))
    assert (await after.task("contact"))["instance"] == after.id
