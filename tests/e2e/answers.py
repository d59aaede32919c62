"""What people answer to the forms of lead-to-order; a test says what differs from a lead that goes well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo.lead import Lead

JSON = Any


@dataclass(frozen=True, slots=True)
class By:
    """Who answers, and what."""

    person: str
    answer: JSON


def contact(result: str = "reached", next_step: str = "qualify") -> JSON:
    """Return what `register-contact` asks for."""
    return {
        "contactPerson": "Elena Ruiz",
        "at": "2026-11-03T09:30:00Z",
        "channel": "phone",
        "content": "Necesitan renovar el bombeo.",
        "result": result,
        "nextStep": next_step,
    }


def qualification(lead: Lead) -> JSON:
    """Return what `qualify-lead` asks for, as the lead says it."""
    return {"need": lead.need, "horizon": lead.horizon, "budget": lead.budget, "decisionRole": lead.decision_role}


def needs(*, confirmed: bool = True) -> JSON:
    """Return what `confirm-needs` asks for."""
    said = {"needs": "Un grupo de presión para la balsa.", "decisionProcess": "gerencia", "confirmed": confirmed}
    return said | ({"amount": 5000, "closeBy": "2026-12-15", "forecast": "pipeline"} if confirmed else {})


def proposal(lead: Lead, discount: float = 0) -> JSON:
    """Return what `prepare-proposal` asks for."""
    line = {"sku": lead.sku, "quantity": lead.quantity, "discountPct": discount, "requestedDate": lead.requested_date}
    return {"lines": [line], "validUntil": "2026-12-31", "paymentTerms": "30-days"}


def decision(what: str) -> JSON:
    """Return what `approve-discount` asks for; `what` is approve, reject or return."""
    return {"decision": what, "reason": "Por el volumen del pedido."}


def customer(answer: str = "accepted", reason: str | None = None) -> JSON:
    """Return what `customer-answer` asks for."""
    rival = {"competitor": "RiegoPlus"} if reason == "competitor" else {}
    return {"answer": answer} | (
        {"lossReason": reason, "comment": "Lo han dicho por teléfono.", **rival} if reason else {}
    )


def advance(result: str = "paid") -> JSON:
    """Return what `confirm-advance` asks for."""
    return {"result": result}


def credit(what: str, advance: int | None = None) -> JSON:
    """Return what `review-credit` asks for; `what` is release, release-with-advance or reject."""
    return {"decision": what, "reason": "Cliente desde 2011."} | ({"advancePct": advance} if advance else {})


def shortage(option: str, substitute: str | None = None) -> JSON:
    """Return what `resolve-shortage` asks for."""
    return {"option": option, "agreedWithCustomer": True} | ({"substituteSku": substitute} if substitute else {})


def of(lead: Lead, other: Mapping[str, By | Sequence[By]]) -> dict[str, list[By]]:
    """Return the answers of each task in turn: those that win the lead, but for the `other` ones."""
    usual = {
        "contact": By("ana", contact()),
        "qualify": By("ana", qualification(lead)),
        "confirm-needs": By("ana", needs()),
        "propose": By("ana", proposal(lead)),
        "answer": By("ana", customer()),
        # Whoever closes what was lost leaves the reason as it looks.
        "lost": By("ana", {"comment": "No ha salido."}),
    }
    return {name: [each] if isinstance(each, By) else list(each) for name, each in {**usual, **other}.items()}
