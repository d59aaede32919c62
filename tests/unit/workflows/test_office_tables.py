"""The decision tables of complaints and leads on both sides of each limit, and what their forms insist on."""

from pathlib import Path
from typing import Any

import pytest

from cauce.errors import InputError
from schemas import load_file, validate_data
from tests.unit.workflows.tables import ask

FORMS = Path(__file__).resolve().parents[3] / "definitions" / "forms"


def remedy(amount: float, *remedies: str, before: float = 0, count: int = 0) -> dict[str, Any]:
    given = list(remedies or ("credit-note",))
    return {"amount": amount, "remedies": given, "yearTotal": before, "yearRemedies": count}


def judged(impact: int, urgency: int, *risks: str, iteration: int = 0) -> dict[str, Any]:
    return {"impact": impact, "urgency": urgency, "risks": list(risks or ("none",)), "iteration": iteration}


def credit(available: float, overdue: int, tier: str = "standard") -> dict[str, Any]:
    owed = {"limit": 1000, "openBalance": 1000 - available, "maxOverdueDays": overdue, "tier": tier}
    return {"credit": owed, "amount": 0}


def offer(discount: float, margin: float = 30) -> dict[str, Any]:
    return {"lines": [{"discountPct": 0}, {"discountPct": discount}], "offer": [{"marginPct": margin}]}


ROWS = [
    ("remedy-approval", remedy(100), {"level": "agent", "first": None}),
    ("remedy-approval", remedy(100.01), {"level": "supervisor", "first": "service-supervisors"}),
    ("remedy-approval", remedy(500), {"level": "supervisor"}),
    ("remedy-approval", remedy(500.01), {"level": "manager", "first": "service-managers", "second": None}),
    ("remedy-approval", remedy(2500), {"level": "manager"}),
    ("remedy-approval", remedy(2500.01), {"level": "director", "first": "service-managers", "second": "directors"}),
    ("remedy-approval", remedy(100, before=900), {"level": "agent"}),
    ("remedy-approval", remedy(100, before=900.01), {"level": "supervisor"}),
    ("remedy-approval", remedy(500, before=600), {"level": "manager"}),
    ("remedy-approval", remedy(1200, before=1), {"level": "director"}),
    ("remedy-approval", remedy(0, "apology", before=1000, count=3), {"level": "agent"}),
    ("remedy-approval", remedy(50, count=2), {"level": "agent"}),
    ("remedy-approval", remedy(50, count=3), {"level": "supervisor"}),
    ("remedy-approval", remedy(50, "credit-note", "replacement", "repair", "expenses"), {"level": "supervisor"}),
    ("remedy-approval", remedy(50, "credit-note", "apology", "explanation", "replacement"), {"level": "agent"}),
    ("complaint-severity", judged(1, 1, "legal"), {"severity": "critical", "within": "P2D", "investigate": "P1D"}),
    ("complaint-severity", judged(3, 4), {"severity": "critical"}),
    ("complaint-severity", judged(1, 1, "press"), {"severity": "high", "within": "P5D", "investigate": "P2DT4H"}),
    ("complaint-severity", judged(1, 1, iteration=1), {"severity": "high"}),
    ("complaint-severity", judged(2, 3), {"severity": "high"}),
    ("complaint-severity", judged(2, 2), {"severity": "medium", "within": "P10D", "investigate": "P5D"}),
    ("complaint-severity", judged(2, 1), {"severity": "low", "within": "P15D", "investigate": "P7DT4H"}),
    ("complaint-terms", {"channel": "web"}, {"remindOn": [3, 7], "closeAfter": 10, "silence": "accepts"}),
    ("complaint-terms", {"severity": "critical"}, {"silence": "asks", "reopenWithin": 30}),
    ("credit", credit(0, 15), {"result": "ok"}),
    ("credit", credit(0, 16), {"result": "advance", "advancePct": 50}),
    ("credit", credit(0, 60, "gold"), {"result": "manual"}),
    ("credit", credit(-100, 15, "gold"), {"result": "manual"}),
    ("credit", credit(-101, 15, "gold"), {"result": "advance", "advancePct": 100}),
    ("credit", credit(500, 61, "gold"), {"result": "refuse"}),
    ("discount-approval", offer(5), {"level": "rep", "first": None}),
    ("discount-approval", offer(15), {"level": "manager", "first": "sales-managers", "second": None}),
    ("discount-approval", offer(25), {"level": "director", "first": "directors", "second": None}),
    ("discount-approval", offer(25.01), {"level": "director-and-finance", "first": "directors", "second": "finance"}),
    ("discount-approval", offer(1, margin=9.99), {"level": "director-and-finance"}),
    ("contact-cadence", {"attempt": 1, "hot": True}, {"wait": None, "due": "PT1H"}),
    ("contact-cadence", {"attempt": 1, "hot": False}, {"due": "PT4H"}),
    ("contact-cadence", {"attempt": 6, "hot": True}, {"wait": "P5D"}),
]  # fmt: skip
CLASSIFIED = {"nature": "complaint", "cause": "form", "detail": "Broken", "impact": 2, "urgency": 2, "risks": ["none"]}
CONTACT = {
    "contactPerson": "Eva",
    "at": "2026-05-04T10:00:00Z",
    "channel": "phone",
    "result": "no-answer",
    "nextStep": "close",
}
REASON = {"reason": "As agreed"}
BACK = ["returns", "worth"]
ANSWERS = [
    ("classify-complaint", CLASSIFIED, []),
    ("classify-complaint", {"nature": "complaint"}, ["cause", "detail", "impact", "risks", "urgency"]),
    ("classify-complaint", CLASSIFIED | {"risks": []}, ["risks"]),
    ("classify-complaint", CLASSIFIED | {"risks": ["none", "legal"]}, ["risks"]),
    ("register-complaint", {}, ["description", "language", "name", "wanted"]),
    ("investigate-complaint", {}, ["conclusion", "facts", "next", "responsible"]),
    ("propose-remedy", {}, ["notRelated", "reason", "remedies"]),
    ("propose-remedy", {"remedies": ["apology"], "notRelated": False, **REASON}, ["notRelated"]),
    ("propose-remedy", {"remedies": ["expenses"], "notRelated": True, **REASON}, ["amount"]),
    ("propose-remedy", {"remedies": ["replacement"], "notRelated": True, **REASON}, ["lines", "worth"]),
    ("propose-remedy", {"remedies": ["repair"], "returnGoods": True, "notRelated": True, **REASON}, BACK),
    ("approve-remedy", {}, ["decision", "reason"]),
    ("analyse-cause", {}, ["corrective", "rootCause", "whys"]),
    ("analyse-cause", {"rootCause": "x", "whys": ["y"] * 6, "corrective": "no"}, ["whys"]),
    ("check-effect", {}, ["effective", "evidence"]),
    ("register-contact", CONTACT, []),
    ("register-contact", {}, ["at", "channel", "contactPerson", "nextStep", "result"]),
    ("register-contact", CONTACT | {"result": "reached"}, ["content"]),
    ("register-contact", CONTACT | {"result": "reached", "content": ""}, ["content"]),
    ("qualify-lead", {}, ["budget", "decisionRole", "horizon", "need"]),
    ("prepare-proposal", {}, ["lines", "paymentTerms", "validUntil"]),
    ("approve-discount", {}, ["decision", "reason"]),
    ("review-credit", {"decision": "raise-limit", **REASON}, ["newLimit"]),
    ("review-credit", {"decision": "raise-limit", "newLimit": 5000, **REASON}, []),
    ("review-credit", {"decision": "release-with-advance", **REASON}, ["advancePct"]),
    ("resolve-shortage", {"option": "substitute"}, ["agreedWithCustomer", "substituteSku"]),
    ("customer-answer", {"answer": "rejected"}, ["comment", "lossReason"]),
    ("customer-answer", {"answer": "rejected", "lossReason": "competitor", "comment": "Sooner"}, ["competitor"]),
]  # fmt: skip


@pytest.mark.parametrize(("table", "data", "expected"), ROWS)
def test_table_says(table: str, data: dict[str, Any], expected: dict[str, Any]) -> None:
    found = ask(table, data)
    assert {name: found[name] for name in expected} == expected


def test_what_came_late_is_put_right_in_three_ways() -> None:
    offered = ask("remedy-suggestions", {"cause": "time", "conclusion": "partly"})
    assert [each["remedy"] for each in offered] == ["apology", "future-discount", "expenses"]


@pytest.mark.parametrize(("form", "answer", "wrong"), ANSWERS)
def test_form_insists(form: str, answer: dict[str, Any], wrong: list[str]) -> None:
    try:
        validate_data(load_file(FORMS / f"{form}.yaml").data["schema"], answer, "the answer")
        found: list[str] = []
    except InputError as error:
        found = sorted({each["pointer"].split("/")[1] for each in error.errors})
    assert found == wrong
