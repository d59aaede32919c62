"""The scripted staff and customers: answers human tasks by rules, from nothing but the task's own data.

The rules follow the lead's `script.course`, so that a run with the same leads always ends the same. `None` leaves the
task open. The fields of every form are in `demo/README.md`.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from demo.lead import Course

Answer = dict[str, Any]
Rule = Callable[[Mapping[str, Any], Course, datetime], Answer | None]

VALID_FOR = timedelta(days=30)
# What an opportunity is thought to be worth at first, by the budget that was told.
AMOUNTS = {"<10k": 5_000, "10k-50k": 30_000, "50k-250k": 150_000, ">250k": 300_000}


def answer(task: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the answer to a human task (`form`, `data` with the `lead`, `createdAt`), or None to leave it open."""
    data = task.get("data") or {}
    lead = data.get("lead", data)
    rule = RULES.get(str(task.get("form") or task.get("name")))
    if rule is None or "script" not in lead:
        return None
    return rule(lead, Course(lead["script"]["course"]), _moment(task, lead))


def _moment(task: Mapping[str, Any], lead: Mapping[str, Any]) -> datetime:
    """Return when the task came up: what the staff takes for now, having no clock of its own."""
    created = task.get("createdAt") or task.get("created_at") or lead["receivedAt"]
    moment = created if isinstance(created, datetime) else datetime.fromisoformat(str(created))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _register_contact(lead: Mapping[str, Any], course: Course, now: datetime) -> Answer:
    result, step = "reached", "qualify"
    if course is Course.NO_CONTACT:
        result, step = _spread(lead, ("no-answer", "voicemail", "wrong-number", "refuses")), "close"
    return {
        "contactPerson": lead["contact"]["name"],
        "at": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "channel": "phone",
        "content": lead["need"] if result == "reached" else "",
        "result": result,
        "nextStep": step,
    }


def _qualify_lead(lead: Mapping[str, Any], _course: Course, _now: datetime) -> Answer:
    return {name: lead[name] for name in ("need", "horizon", "budget", "decisionRole")}


def _confirm_needs(lead: Mapping[str, Any], course: Course, now: datetime) -> Answer:
    wanted = ", ".join(f"{line['quantity']} x {line['sku']}" for line in lead["lines"])
    found: Answer = {
        "needs": f"{lead['need']}: {wanted}",
        "decisionProcess": "management" if lead["company"]["employees"] >= 50 else "owner",  # noqa: PLR2004 - a size that says itself
        "confirmed": course is not Course.LOST_NEEDS,
    }
    if found["confirmed"]:
        expected = {
            "amount": AMOUNTS.get(lead["budget"], 0),
            "currency": lead.get("currency", "EUR"),
            "forecast": "pipeline",
        }
        found |= {**expected, "closeBy": (now + VALID_FOR).date().isoformat()}
    return found | ({"competitor": lead["competitor"]} if lead["competitor"] else {})


def _prepare_proposal(lead: Mapping[str, Any], _course: Course, now: datetime) -> Answer:
    fields = ("sku", "quantity", "discountPct", "requestedDate", "price")
    return {
        "lines": [{name: line[name] for name in fields if line.get(name) is not None} for line in lead["lines"]],
        "validUntil": (now + VALID_FOR).date().isoformat(),
        "paymentTerms": "30-days",
    }


def _approve_discount(_lead: Mapping[str, Any], course: Course, _now: datetime) -> Answer:
    if course is Course.DISCOUNT_REJECTED:
        return {"decision": "reject", "reason": "El margen no lo permite."}
    return {"decision": "approve", "reason": "El volumen lo justifica."}


def _customer_answer(lead: Mapping[str, Any], course: Course, _now: datetime) -> Answer | None:
    match course:
        case Course.OPEN:
            return None
        case Course.LOST_ANSWER:
            reason = lead["script"]["lossReason"]
            lost: Answer = {"answer": "rejected", "lossReason": reason, "comment": "El cliente ha decidido no comprar."}
            rival = {"competitor": lead.get("competitor") or "Otro proveedor"} if reason == "competitor" else {}
            return lost | rival
        case Course.NO_ANSWER:
            return {"answer": "no-answer", "lossReason": "no-answer", "comment": "No contesta a la propuesta."}
        case _:
            return {"answer": "accepted", "comment": "Conforme."}


def _review_credit(_lead: Mapping[str, Any], course: Course, _now: datetime) -> Answer:
    if course is Course.CREDIT_REFUSED:
        return {"decision": "reject", "reason": "Riesgo demasiado alto."}
    if course is Course.CREDIT_ADVANCE:
        return {"decision": "release-with-advance", "reason": "Con la mitad por adelantado.", "advancePct": 50}
    return {"decision": "release", "reason": "Cliente de confianza."}


def _confirm_advance(_lead: Mapping[str, Any], course: Course, _now: datetime) -> Answer:
    return {"result": "not-paid" if course is Course.CREDIT_REFUSED else "paid"}


def _resolve_shortage(_lead: Mapping[str, Any], course: Course, _now: datetime) -> Answer:
    option = {Course.SHORTAGE_WAIT: "wait", Course.SHORTAGE_CANCEL: "cancel-line"}.get(course, "partial")
    return {"option": option, "agreedWithCustomer": True}


def _close_lost(lead: Mapping[str, Any], _course: Course, _now: datetime) -> Answer:
    closed: Answer = {
        "lossReason": lead["script"]["lossReason"] or "no-decision",
        "comment": "Cerrado por el personal de demostración.",
    }
    return closed | ({"competitor": lead["competitor"]} if lead["competitor"] else {})


def _spread(lead: Mapping[str, Any], choices: tuple[str, ...]) -> str:
    """Return one of the choices, always the same for the same lead."""
    return choices[sum(str(lead["id"]).encode()) % len(choices)]


RULES: Mapping[str, Rule] = {
    "register-contact": _register_contact,
    "qualify-lead": _qualify_lead,
    "confirm-needs": _confirm_needs,
    "prepare-proposal": _prepare_proposal,
    "approve-discount": _approve_discount,
    "customer-answer": _customer_answer,
    "review-credit": _review_credit,
    "confirm-advance": _confirm_advance,
    "resolve-shortage": _resolve_shortage,
    "close-lost": _close_lost,
}
