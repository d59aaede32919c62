"""Complaints of the demo company's customers, and the staff that works on them as far as each one's script says.

A complaint carries `script.stop`, the stage at which everybody leaves it alone, so that a look at the hub shows
complaints in every stage in which one can rest. The event is `com.example.complaint.received.v1`.
"""

import sqlite3
from base64 import b64decode
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime, make_msgid
from pathlib import Path
from typing import Any, Final

from cauce.contract import JSON
from demo.people import DOMAIN
from demo.post import COMPLAINTS
from demo.spain import slug

EVENT_TYPE: Final = "com.example.complaint.received.v1"
STOPS: Final = (
    "assessment", "investigation", "waiting-for-customer", "remedy", "approval", "answer", "acceptance", "execution",
    "confirmation", "root-cause", "survey", "external-dispute", "reclassified",
)  # fmt: skip
_CHANNELS: Final = ("web", "email", "chat", "email")
# Cause, what the customer says, the area that knows, impact, urgency, amount in dispute.
_TROUBLES: Final = (
    ("form", "Dos bombas llegaron con la carcasa rota.", "warehouse", 2, 2, 80),
    ("time", "El pedido llegó nueve días tarde y paró la obra.", "transport", 3, 3, 60),
    ("possession", "La factura no respeta el descuento acordado.", "billing", 2, 1, 95),
    ("place", "Entregaron el palé en otra nave.", "transport", 1, 2, 40),
    ("treatment", "Nadie devuelve las llamadas.", "sales", 1, 1, 0),
    ("form", "El motor se calienta y huele a quemado.", "quality", 4, 4, 90),
)
# One green pixel: what matters is that a file comes along.
_PHOTO: Final = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPj/HwADBwIAMCbHYQAAAABJRU5ErkJggg=="
)
_FORMS: Final = {
    "classify-complaint": "assessment",
    "plan-investigation": "investigation",
    "register-reply": "waiting-for-customer",
    "investigate-complaint": "conclusion",
    "propose-remedy": "remedy",
    "approve-remedy": "approval",
    "write-answer": "answer",
    "register-acceptance": "acceptance",
    "confirm-remedy": "confirmation",
    "analyse-cause": "root-cause",
}
# The largest amount that an agent gives without asking anybody, and one that needs a supervisor.
_WITHIN_LIMIT: Final = 100
_ABOVE_LIMIT: Final = 400


def complaints(accounting_db: Path) -> list[dict[str, JSON]]:
    """Return the data of a complaint for each stage, of customers whom accounting knows."""
    with closing(sqlite3.connect(f"{accounting_db.absolute().as_uri()}?mode=ro", uri=True)) as db:
        customers = db.execute(
            "SELECT customer_id, name, tax_id FROM customer ORDER BY customer_id LIMIT ?", [len(STOPS)]
        ).fetchall()
    return [_complaint(position, *customer) for position, customer in enumerate(customers)]


def _complaint(position: int, number: str, name: str, tax_id: str) -> dict[str, JSON]:
    stop = STOPS[position % len(STOPS)]
    cause, description, area, impact, urgency, amount = _TROUBLES[position % len(_TROUBLES)]
    return {
        "id": f"complaint-{position + 1:03d}",
        "channel": _CHANNELS[position % len(_CHANNELS)],
        "receivedAt": datetime.now(UTC).isoformat(timespec="seconds"),
        "language": "es",
        "party": {"name": name, "taxId": tax_id, "customerNumber": number, "email": _address(name)},
        "description": description,
        "wanted": "Que se solucione cuanto antes.",
        "order": f"PV-{position + 1:05d}",
        "script": {
            "stop": stop, "cause": cause, "area": area, "impact": impact, "urgency": urgency, "amount": amount,
        },
    }  # fmt: skip


def letter(accounting_db: Path) -> EmailMessage:
    """Return a complaint as a customer writes it by mail, with a photo; its staff is whoever is at the inbox."""
    with closing(sqlite3.connect(f"{accounting_db.absolute().as_uri()}?mode=ro", uri=True)) as db:
        name, tax_id = db.execute(
            "SELECT name, tax_id FROM customer ORDER BY customer_id LIMIT 1 OFFSET ?", [len(STOPS)]
        ).fetchone()
    message = EmailMessage()
    message["From"], message["To"] = Address(name, addr_spec=_address(name)), COMPLAINTS
    message["Subject"] = "Dos electroválvulas no abren (pedido PV-00077)"
    message["Date"], message["Message-ID"] = localtime(), make_msgid(domain=DOMAIN)
    message.set_content(
        f"Buenos días:\n\nde las del pedido PV-00077 hay dos que no abren. Nuestro NIF es {tax_id}.\n\n{name}\n"
    )
    message.add_attachment(_PHOTO, maintype="image", subtype="png", filename="electrovalvula.png")
    return message


def _address(name: str) -> str:
    return f"compras@{slug(name)}.example"


def event(complaint: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return the event that tells the hub about a complaint."""
    return {
        "specversion": "1.0",
        "id": complaint["id"],
        "source": "urn:demo:complaints",
        "type": EVENT_TYPE,
        "datacontenttype": "application/json",
        "data": dict(complaint),
    }


def answer(form: str, data: Mapping[str, Any]) -> Mapping[str, JSON] | None:
    """Return the staff's answer to a task about a complaint; None leaves it open."""
    if form == "answer-area":
        return {"facts": "Revisado: coincide con lo que dice el cliente.", "responsible": "company"}
    script = (data.get("complaint") or {}).get("script")
    rule = _RULES.get(form)
    if script is None or rule is None or _FORMS[form] == script["stop"]:
        return None
    return rule(script)


def _classify(script: Mapping[str, Any]) -> dict[str, JSON]:
    nature = "request" if script["stop"] == "reclassified" else "complaint"
    given = {name: script[name] for name in ("cause", "impact", "urgency", "amount")}
    return {"nature": nature, "detail": "Según el cliente.", "risks": ["none"], **given}


def _plan(script: Mapping[str, Any]) -> dict[str, JSON]:
    asked = {"askCustomer": "¿Puede enviarnos una foto?"} if script["stop"] == "waiting-for-customer" else {}
    return {"areas": [script["area"]], "question": "¿Qué ocurrió?", **asked}


def _conclude(_script: Mapping[str, Any]) -> dict[str, JSON]:
    return {
        "facts": "El cliente tiene razón.", "responsible": "company", "conclusion": "founded", "next": "conclude",
    }  # fmt: skip


def _propose(script: Mapping[str, Any]) -> dict[str, JSON]:
    amount = _ABOVE_LIMIT if script["stop"] == "approval" else script["amount"]
    given = ["apology", "credit-note"] if amount else ["apology"]
    money: dict[str, JSON] = {"remedies": given, **({"amount": amount} if amount else {})}
    if script["stop"] == "execution":  # where a repair takes its time
        money["remedies"] = [*money["remedies"], "repair"]
        money |= {"worth": 20, "returnGoods": True, "returns": [{"sku": "BOM-SUP-050", "quantity": 1}]}
    return {**money, "reason": "Procede según la investigación.", "notRelated": True}


def _accept(script: Mapping[str, Any]) -> dict[str, JSON]:
    return {"answer": "rejected" if script["stop"] == "external-dispute" else "accepted"}


_RULES: Final[Mapping[str, Callable[[Mapping[str, Any]], dict[str, JSON]]]] = {
    "classify-complaint": _classify,
    "plan-investigation": _plan,
    "register-reply": lambda _: {"text": "Ya les envié la foto."},
    "investigate-complaint": _conclude,
    "propose-remedy": _propose,
    "approve-remedy": lambda _: {"decision": "approve", "reason": "Es lo justo."},
    "write-answer": lambda _: {"text": "Lamentamos lo ocurrido y lo corregimos."},
    "register-acceptance": _accept,
    "confirm-remedy": lambda _: {"arrived": True},
    "analyse-cause": lambda _: {
        "rootCause": "Falta una comprobación a la salida.", "whys": ["Nadie comprueba la salida."], "corrective": "no",
    },
}  # fmt: skip
