"""A lead as the demo company gets it, and the event that tells the hub about it.

The event is a CloudEvent of type `com.example.lead.received.v1`; its `subject` is the business key, the lead's id.
Its data is::

    {"id": "L-0001", "receivedAt": "2026-10-20T09:30:00Z", "source": "web",
     "company": {"name", "taxId", "sector", "employees", "area", "street", "postcode", "town"},
     "contact": {"name", "email", "phone"},
     "about": "…",   # what tells several matters of a customer apart; leads about the same join while one is open
     "need": "…", "horizon": "<1m|1-3m|3-6m|>6m", "budget": "<10k|10k-50k|50k-250k|>250k",
     "decisionRole": "yes|no|influences", "currency": "EUR",
     "lines": [{"sku", "quantity", "discountPct", "requestedDate", "price"}],   # price: null, or agreed for one unit
     "competitor": "" | "name of who else bids",
     "signals": {"askedForOffer", "visitedPricing", "campaign", "referral", "badDebt", "rival"},   # booleans
     "scores": {"fit", "intent", "penalties"},   # what of the score is known before anybody has talked to them
     "script": {"course", "lossReason"}}         # what the scripted customer and staff will do; people need not look
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

EVENT_TYPE = "com.example.lead.received.v1"

SECTOR_POINTS = {
    "agriculture": 20, "industry": 20, "construction": 16, "hospitality": 12, "public": 12,
    "services": 8, "logistics": 8, "retail": 6, "health": 6, "education": 4,
}  # fmt: skip
OTHER_SECTOR_POINTS = 8
AREA_POINTS = {
    "east": 10, "centre": 8, "north-east": 8, "south": 8, "north": 6, "north-west": 6, "islands": 3,
}  # fmt: skip
OTHER_AREA_POINTS = 5
SIZE_POINTS = ((50, 15), (10, 10), (0, 4))
AUTHORITY_POINTS = {"yes": 15, "influences": 8, "no": 0}
HORIZON_POINTS = {"<1m": 15, "1-3m": 10, "3-6m": 5, ">6m": 0}
LOSS_REASONS = (
    "price", "lead-time", "functionality", "competitor", "no-budget", "no-decision", "credit-refused", "no-answer",
    "bad-experience", "internal-capacity",
)  # fmt: skip


class Course(StrEnum):
    """How a lead goes when the scripted staff works on it."""

    WON = "won"
    DISCOUNT_APPROVED = "discount-approved"
    CREDIT_MANUAL = "credit-manual"
    CREDIT_ADVANCE = "credit-advance"
    SHORTAGE_PARTIAL = "shortage-partial"
    SHORTAGE_WAIT = "shortage-wait"
    NO_CONTACT = "no-contact"
    DISCARD = "discard"
    NURTURE = "nurture"
    LOST_NEEDS = "lost-needs"
    DISCOUNT_REJECTED = "discount-rejected"
    LOST_ANSWER = "lost-answer"
    NO_ANSWER = "no-answer"
    CREDIT_REFUSED = "credit-refused"
    SHORTAGE_CANCEL = "shortage-cancel"
    BLOCKED = "blocked"
    OPEN = "open"


ENDS_IN_ORDER = frozenset({
    Course.WON, Course.DISCOUNT_APPROVED, Course.CREDIT_MANUAL, Course.CREDIT_ADVANCE,
    Course.SHORTAGE_PARTIAL, Course.SHORTAGE_WAIT,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known of the company's interest, and against it."""

    asked_for_offer: bool = False
    visited_pricing: bool = False
    campaign: bool = False
    referral: bool = False
    bad_debt: bool = False
    rival: bool = False

    @property
    def intent(self) -> int:
        """Points for interest shown."""
        return 25 * self.asked_for_offer + 10 * self.visited_pricing + 10 * self.campaign + 15 * self.referral

    @property
    def penalties(self) -> int:
        """Points against: a debt not paid in the past, a company that competes with us."""
        return 40 * self.bad_debt + 100 * self.rival


@dataclass(frozen=True, slots=True)
class Lead:
    """A company that may want to buy; `line` is where in its file it stands, `repairs` what was mended on reading."""

    id: str
    received_at: str
    source: str
    company: str
    tax_id: str
    sector: str
    employees: int
    contact: str
    email: str
    phone: str
    need: str
    horizon: str
    budget: str
    decision_role: str
    sku: str
    quantity: int
    discount_pct: Decimal
    requested_date: str
    signals: Signals
    course: Course
    street: str = ""
    postcode: str = ""
    town: str = ""
    area: str = ""
    price: Decimal | None = None
    loss_reason: str = ""
    competitor: str = ""
    about: str = ""
    line: int = 0
    repairs: tuple[str, ...] = ()

    @property
    def fit(self) -> int:
        """Points for the kind of company: sector, size, part of the country."""
        size = next(points for least, points in SIZE_POINTS if self.employees >= least)
        return (
            SECTOR_POINTS.get(self.sector, OTHER_SECTOR_POINTS) + size + AREA_POINTS.get(self.area, OTHER_AREA_POINTS)
        )

    @property
    def score(self) -> int:
        """The whole score, as the qualification decision computes it once the form is filled in."""
        talked = AUTHORITY_POINTS[self.decision_role] + HORIZON_POINTS[self.horizon]
        return self.fit + self.signals.intent + talked - self.signals.penalties

    @property
    def ends_in_order(self) -> bool:
        """Whether the scripted staff brings this lead to an order."""
        return self.course in ENDS_IN_ORDER

    def data(self) -> dict[str, Any]:
        """Return the data of the event (see the module's text)."""
        return {
            "id": self.id,
            "receivedAt": self.received_at,
            "source": self.source,
            "company": {
                "name": self.company, "taxId": self.tax_id, "sector": self.sector, "employees": self.employees,
                "area": self.area, "street": self.street, "postcode": self.postcode, "town": self.town,
            },
            "contact": {"name": self.contact, "email": self.email, "phone": self.phone},
            "about": self.about or f"request {self.id}",
            "need": self.need,
            "horizon": self.horizon,
            "budget": self.budget,
            "decisionRole": self.decision_role,
            "currency": "EUR",
            "lines": [{
                "sku": self.sku, "quantity": self.quantity, "discountPct": float(self.discount_pct),
                "requestedDate": self.requested_date, "price": None if self.price is None else float(self.price),
            }],
            "competitor": self.competitor,
            "signals": {
                "askedForOffer": self.signals.asked_for_offer, "visitedPricing": self.signals.visited_pricing,
                "campaign": self.signals.campaign, "referral": self.signals.referral,
                "badDebt": self.signals.bad_debt, "rival": self.signals.rival,
            },
            "scores": {"fit": self.fit, "intent": self.signals.intent, "penalties": self.signals.penalties},
            "script": {"course": str(self.course), "lossReason": self.loss_reason},
        }  # fmt: skip

    def event(self) -> dict[str, Any]:
        """Return the CloudEvent; its id is the lead's, so that sending it twice is one event."""
        return {
            "specversion": "1.0",
            "type": EVENT_TYPE,
            "source": "/demo/leads",
            "id": f"lead:{self.id}",
            "subject": self.id,
            "time": self.received_at,
            "datacontenttype": "application/json",
            "data": self.data(),
        }


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is no lead: its line in the file (the header is line 1) and why."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class RowError(Exception):
    """A row of a file of leads cannot be used; the message says why."""
