"""Makes the demo company's world from a seed: companies, items, and leads that take every path of the sales process.

The same seed gives the same world on every machine. `python -m demo.generator` writes the sample of leads that ships
with the project.
"""

import csv
import io
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from demo import catalogue
from demo.catalogue import Item
from demo.companies import Company, Directory, credit_for, crm_customers
from demo.crm import Accounts
from demo.lead import Course, Lead, Signals
from demo.leads import COLUMNS, SAMPLE, SIGNALS
from demo.spain import Dice

# The day the data stands at. Fixed, so that a seed gives the same files next year.
TODAY = date(2026, 11, 2)
SEED = 7

PLAN = {
    Course.WON: 68, Course.DISCOUNT_APPROVED: 14, Course.CREDIT_MANUAL: 5, Course.CREDIT_ADVANCE: 3,
    Course.SHORTAGE_PARTIAL: 6, Course.SHORTAGE_WAIT: 3, Course.NO_CONTACT: 14, Course.DISCARD: 14,
    Course.NURTURE: 22, Course.LOST_NEEDS: 10, Course.DISCOUNT_REJECTED: 6, Course.LOST_ANSWER: 18,
    Course.NO_ANSWER: 6, Course.CREDIT_REFUSED: 6, Course.SHORTAGE_CANCEL: 3, Course.BLOCKED: 2,
}  # fmt: skip

# A lead that gets no further than its needs need not be a customer.
EARLY = frozenset({Course.NO_CONTACT, Course.DISCARD, Course.NURTURE, Course.LOST_NEEDS})
WITH_CREDIT = frozenset({Course.CREDIT_MANUAL, Course.CREDIT_ADVANCE, Course.CREDIT_REFUSED})
SHORTAGES = {
    Course.SHORTAGE_PARTIAL: slice(0, 6), Course.SHORTAGE_WAIT: slice(6, 9), Course.SHORTAGE_CANCEL: slice(9, 12),
}  # fmt: skip
QUALIFIED, DISCARDED = 60, 30
SMALL = Decimal(10_000)
REGULARS = 60
NEW_CUSTOMERS = 12
NEW_CUSTOMER_LIMIT = Decimal(3000)

REASONS = {
    Course.NO_CONTACT: ("no-answer",),
    Course.LOST_NEEDS: ("functionality", "no-budget", "competitor", "bad-experience"),
    Course.DISCOUNT_REJECTED: ("price",),
    Course.LOST_ANSWER: ("price", "competitor", "lead-time", "no-budget", "no-decision", "functionality"),
    Course.NO_ANSWER: ("no-answer",),
    Course.CREDIT_REFUSED: ("credit-refused",),
    Course.SHORTAGE_CANCEL: ("lead-time",),
    Course.BLOCKED: ("credit-refused",),
}
RIVALS = ("Bombas del Norte", "Hidráulica Vega", "RiegoPlus")
NEEDS = (
    "Renovar el bombeo de la balsa", "Ampliar la red de riego", "Sustituir el grupo de presión",
    "Automatizar el riego por sectores", "Reducir el consumo eléctrico del bombeo", "Filtrar el agua del pozo",
    "Controlar la presión de la red", "Suministro para una obra ya adjudicada",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class World:
    """All that the demo company's systems hold, and the leads that are to come."""

    seed: int
    items: tuple[Item, ...]
    companies: tuple[Company, ...]
    leads: tuple[Lead, ...]


def generate(seed: int = SEED, crm_file: Path | None = None) -> World:
    """Make the world of a seed; with a file of CRM opportunities, its accounts and products are in it too."""
    dice = Dice(seed)
    directory = Directory(dice)
    regulars = [directory.customer() for _ in range(REGULARS)]
    counts = dict.fromkeys(Course, 0)
    leads = []
    courses = dice.shuffled([course for course, count in PLAN.items() for _ in range(count)])
    for position, course in enumerate(courses, start=1):
        leads.append(_lead(directory, regulars, course, counts[course], position))
        counts[course] += 1
    items, companies = catalogue.items(), list(directory.customers)
    if crm_file is not None:
        accounts = Accounts.beside(crm_file)
        companies += crm_customers(accounts)
        items += [
            Item(product.sku, product.name, "GTX", product.price, product.price * 6 / 10, catalogue.PLENTIFUL_STOCK)
            for product in accounts.products.values()
        ]
    return World(seed, tuple(items), tuple(companies), tuple(sorted(leads, key=lambda lead: lead.id)))


def _lead(directory: Directory, regulars: list[Company], course: Course, variant: int, position: int) -> Lead:
    """Make the lead that takes a course; `variant` counts the leads that took it before."""
    dice = directory.dice
    item, quantity = _wish(dice, course, variant)
    company = _company(directory, regulars, course, variant, item.list_price * quantity)
    signals, horizon, role = _attitude(dice, course, company)
    reason = dice.pick(REASONS.get(course, ("",)))
    return Lead(
        id=f"L-{position:04d}", received_at=_moment(dice), source=_source(dice, signals),
        company=company.name, tax_id=company.tax_id, sector=company.sector, employees=company.employees,
        contact=company.contact, email=company.email, phone=company.phone,
        street=company.address.street, postcode=company.address.postcode, town=company.address.town,
        area=company.address.area, need=dice.pick(NEEDS), horizon=horizon,
        budget="<10k" if item.list_price * quantity < SMALL else "10k-50k", decision_role=role,
        sku=item.sku, quantity=quantity, discount_pct=_discount(dice, course, variant),
        requested_date=(TODAY + timedelta(days=dice.between(25, 70))).isoformat(),
        signals=signals, course=course, loss_reason=reason,
        competitor=dice.pick(RIVALS) if reason == "competitor" else "",
    )  # fmt: skip


def _company(directory: Directory, regulars: list[Company], course: Course, variant: int, amount: Decimal) -> Company:
    """Return who the lead is from; who gets far enough for its credit to matter has the credit the course needs."""
    if course in EARLY or _is_new(course, variant):
        return directory.prospect()
    if course in WITH_CREDIT:
        tier, credit = credit_for(course, variant, amount)
        return directory.customer(tier=tier, credit=credit)
    if course is Course.BLOCKED:
        return directory.customer(blocked=True)
    return directory.dice.pick(regulars)


def _is_new(course: Course, variant: int) -> bool:
    """Whether a lead buys for the first time: there is no credit to look up, so it does not buy much."""
    return course is Course.WON and variant < NEW_CUSTOMERS


def _moment(dice: Dice) -> str:
    """Draw a moment of the working days before today."""
    before = timedelta(days=dice.below(20), minutes=dice.below(600) - 600)
    return (datetime(TODAY.year, TODAY.month, TODAY.day, 8, tzinfo=UTC) - before).strftime("%Y-%m-%dT%H:%M:%SZ")


def _source(dice: Dice, signals: Signals) -> str:
    """Return how the lead came, as the signals say or else drawn."""
    if signals.referral or signals.campaign:
        return "referral" if signals.referral else "campaign"
    return dice.pick(("web", "web", "call", "email"))


def _wish(dice: Dice, course: Course, variant: int) -> tuple[Item, int]:
    """Return what a lead wants, for some hundred to some ten thousand euros."""
    everything = catalogue.items()
    scarce = everything[len(catalogue.PLENTY) :]
    if course in SHORTAGES:
        item = scarce[SHORTAGES[course]][variant]
        return item, item.on_hand + dice.between(1, 4)
    most = NEW_CUSTOMER_LIMIT if _is_new(course, variant) else Decimal(12_000)
    item = dice.pick([item for item in everything[: len(catalogue.PLENTY)] if item.list_price <= most])
    target = dice.between(400, int(most))
    return item, max(1, int(target / item.list_price))


def _attitude(dice: Dice, course: Course, company: Company) -> tuple[Signals, str, str]:
    """Draw interest, horizon and authority until the score leads where the course goes."""
    low, high = {
        Course.DISCARD: (-200, DISCARDED - 1),
        Course.NURTURE: (DISCARDED, QUALIFIED - 1),
    }.get(course, (QUALIFIED, 200))
    while True:
        signals = Signals(
            asked_for_offer=dice.chance(0.6),
            visited_pricing=dice.chance(0.6),
            campaign=dice.chance(0.4),
            referral=dice.chance(0.4),
            bad_debt=course is Course.DISCARD and dice.chance(0.4),
            rival=course is Course.DISCARD and dice.chance(0.2),
        )
        horizon = dice.pick(("<1m", "1-3m", "3-6m", ">6m"))
        role = dice.pick(("yes", "influences", "no"))
        if low <= _score(company, signals, horizon, role) <= high:
            return signals, horizon, role


def _score(company: Company, signals: Signals, horizon: str, role: str) -> int:
    """Return the score that a lead with these traits will have."""
    return Lead(
        id="", received_at="", source="", company=company.name, tax_id="", sector=company.sector,
        employees=company.employees, contact="", email="", phone="", street="", postcode="", town="",
        area=company.address.area, need="", horizon=horizon, budget="", decision_role=role, sku="", quantity=1,
        discount_pct=Decimal(0), requested_date="", signals=signals, course=Course.OPEN,
    ).score  # fmt: skip


def _discount(dice: Dice, course: Course, variant: int) -> Decimal:
    """Return the discount asked for: approved ones on each of the three levels, the others within the rep's own."""
    if course in {Course.DISCOUNT_APPROVED, Course.DISCOUNT_REJECTED}:
        return Decimal((8, 10, 12, 15, 18, 22, 25, 28)[variant % 8])
    return Decimal(dice.pick((0, 0, 0, 3, 5)))


def leads_csv(leads: tuple[Lead, ...]) -> str:
    """Return leads as the text of a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for lead in leads:
        writer.writerow(
            ("no", "yes")[getattr(lead.signals, column)] if column in SIGNALS else getattr(lead, column)
            for column in COLUMNS
        )
    return text.getvalue()


if __name__ == "__main__":
    SAMPLE.parent.mkdir(exist_ok=True)
    SAMPLE.write_text(leads_csv(generate().leads), encoding="utf-8")
