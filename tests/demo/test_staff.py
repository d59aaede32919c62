from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from demo.generator import generate
from demo.lead import LOSS_REASONS, Course, Lead
from demo.staff import RULES, answer

LEADS = {lead.course: lead for lead in reversed(generate().leads)}


def ask(form: str, course: Course, **more: Any) -> Mapping[str, Any] | None:
    data = LEADS[Course.WON].data() | {"script": {"course": str(course), "lossReason": ""}}
    if course in LEADS:
        data = LEADS[course].data()
    return answer({"name": "anything", "form": form, "data": {"lead": data}, **more})


@pytest.mark.parametrize(
    ("form", "course", "expected"),
    [
        ("register-contact", Course.WON, {"result": "reached", "nextStep": "qualify", "channel": "phone"}),
        ("register-contact", Course.NO_CONTACT, {"nextStep": "close"}),
        ("confirm-needs", Course.WON, {"confirmed": True}),
        ("confirm-needs", Course.LOST_NEEDS, {"confirmed": False}),
        ("approve-discount", Course.DISCOUNT_APPROVED, {"decision": "approve"}),
        ("approve-discount", Course.WON, {"decision": "approve"}),
        ("approve-discount", Course.DISCOUNT_REJECTED, {"decision": "reject"}),
        ("customer-answer", Course.WON, {"answer": "accepted"}),
        ("customer-answer", Course.LOST_ANSWER, {"answer": "rejected"}),
        ("customer-answer", Course.NO_ANSWER, {"answer": "no-answer", "lossReason": "no-answer"}),
        ("review-credit", Course.CREDIT_MANUAL, {"decision": "release"}),
        ("review-credit", Course.CREDIT_ADVANCE, {"decision": "release-with-advance", "advancePct": 50}),
        ("review-credit", Course.CREDIT_REFUSED, {"decision": "reject"}),
        ("resolve-shortage", Course.SHORTAGE_PARTIAL, {"option": "partial", "agreedWithCustomer": True}),
        ("resolve-shortage", Course.SHORTAGE_WAIT, {"option": "wait"}),
        ("resolve-shortage", Course.SHORTAGE_CANCEL, {"option": "cancel-line"}),
        ("confirm-advance", Course.CREDIT_ADVANCE, {"result": "paid"}),
        ("confirm-advance", Course.CREDIT_REFUSED, {"result": "not-paid"}),
        ("close-lost", Course.CREDIT_REFUSED, {"lossReason": "credit-refused"}),
        ("close-lost", Course.DISCOUNT_REJECTED, {"lossReason": "price"}),
    ],
)
def test_the_answer_follows_the_course_of_the_lead(form: str, course: Course, expected: Mapping[str, Any]) -> None:
    given = ask(form, course)

    assert given is not None
    assert {name: given[name] for name in expected} == expected


def test_an_open_deal_waits_for_the_customer_and_for_nothing_else() -> None:
    assert ask("customer-answer", Course.OPEN) is None
    assert all(ask(form, Course.OPEN) is not None for form in set(RULES) - {"customer-answer"})


def test_qualifying_gives_what_the_lead_says() -> None:
    lead = LEADS[Course.NURTURE]

    assert ask("qualify-lead", Course.NURTURE) == {
        "need": lead.need, "horizon": lead.horizon, "budget": lead.budget, "decisionRole": lead.decision_role,
    }  # fmt: skip


def test_a_proposal_has_the_wanted_lines_and_is_valid_for_thirty_days() -> None:
    lead = LEADS[Course.DISCOUNT_APPROVED]

    given = ask("prepare-proposal", Course.DISCOUNT_APPROVED, createdAt="2027-01-01T10:00:00Z")

    assert given == {
        "lines": [{
            "sku": lead.sku, "quantity": lead.quantity, "discountPct": float(lead.discount_pct),
            "requestedDate": lead.requested_date,
        }],
        "validUntil": "2027-01-31",
        "paymentTerms": "30-days",
    }  # fmt: skip


def test_a_price_that_was_agreed_is_in_the_proposal() -> None:
    data = LEADS[Course.WON].data()
    data["lines"][0]["price"] = 513.0

    given = answer({"form": "prepare-proposal", "data": {"lead": data}, "createdAt": datetime(2027, 1, 1, tzinfo=UTC)})

    assert given is not None
    assert given["lines"][0]["price"] == 513.0


def test_the_form_may_be_told_by_the_tasks_name_and_the_lead_be_the_data_itself() -> None:
    assert answer({"name": "review-credit", "data": LEADS[Course.CREDIT_MANUAL].data()}) == ask(
        "review-credit", Course.CREDIT_MANUAL
    )


@pytest.mark.parametrize(
    "task", [{"form": "repair", "data": {"lead": LEADS[Course.WON].data()}}, {"form": "close-lost", "data": {}}, {}]
)
def test_a_task_that_is_not_of_the_sales_process_is_left_open(task: Mapping[str, Any]) -> None:
    assert answer(task) is None


@pytest.mark.parametrize("lead", LEADS.values(), ids=str)
def test_the_same_task_gets_the_same_answer_and_loss_reasons_are_of_the_closed_list(lead: Lead) -> None:
    for form in RULES:
        task = {"form": form, "data": {"lead": lead.data()}}
        first = answer(task)
        assert first == answer(task)
        assert first is not None
        assert first.get("lossReason", "price") in LOSS_REASONS
