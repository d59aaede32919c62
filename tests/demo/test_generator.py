import subprocess
import sys
from collections import Counter
from decimal import Decimal

import pytest

from demo import taxids
from demo.catalogue import PLENTIFUL_STOCK
from demo.companies import Company
from demo.generator import NEW_CUSTOMER_LIMIT, PLAN, World, generate, leads_csv
from demo.lead import Course, Lead
from demo.leads import SAMPLE
from demo.spain import TOWNS


@pytest.fixture(scope="module")
def world() -> World:
    return generate()


def test_the_sample_that_ships_is_what_the_seed_gives(world: World) -> None:
    assert SAMPLE.read_text(encoding="utf-8") == leads_csv(world.leads)


def test_the_same_seed_gives_the_same_world_in_another_process(world: World) -> None:
    program = "from demo.generator import generate; print(repr(generate()))"
    other = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True, cwd=SAMPLE.parents[2]
    )

    assert other.stdout.strip() == repr(world)


def test_another_seed_gives_another_world_that_goes_the_same_ways(world: World) -> None:
    other = generate(8)

    assert other.leads != world.leads
    assert Counter(lead.course for lead in other.leads) == Counter(lead.course for lead in world.leads) == PLAN


def test_companies_differ_and_have_valid_tax_identifiers_and_addresses_of_nobody(world: World) -> None:
    assert len({company.tax_id for company in world.companies}) == len(world.companies)
    assert all(taxids.is_valid(company.tax_id) for company in world.companies)
    assert all(taxids.is_valid(lead.tax_id) for lead in world.leads)
    assert all(lead.email.endswith(".example") for lead in world.leads)


def test_towns_have_postcodes_of_their_province() -> None:
    # The first two digits are the province; Lorca and Murcia share theirs, and so on.
    provinces = {(town.province, code[:2]) for town in TOWNS for code in town.postcodes}

    assert len(provinces) == len({town.province for town in TOWNS}) == len({prefix for _, prefix in provinces})


@pytest.mark.parametrize("seed", [7, 8, 99])
def test_a_lead_has_the_score_its_course_needs(seed: int) -> None:
    for lead in generate(seed).leads:
        low, high = {Course.DISCARD: (-999, 29), Course.NURTURE: (30, 59)}.get(lead.course, (60, 999))
        assert low <= lead.score <= high, lead


def test_discounts_are_within_the_reps_own_unless_the_course_is_about_them(world: World) -> None:
    about = {Course.DISCOUNT_APPROVED, Course.DISCOUNT_REJECTED}

    assert all((lead.discount_pct > 5) == (lead.course in about) for lead in world.leads)
    assert {15 < lead.discount_pct <= 25 for lead in world.leads if lead.course in about} == {True, False}


@pytest.mark.parametrize("seed", [7, 8, 99])
@pytest.mark.parametrize("paid", ["0.80", "1"], ids=["lowest price", "list price"])
def test_credit_leads_where_the_course_goes(seed: int, paid: str) -> None:
    world = generate(seed)
    companies = {company.tax_id: company for company in world.companies}
    prices = {item.sku: item.list_price for item in world.items}
    rows: Counter[tuple[Course, str]] = Counter()
    for lead in world.leads:
        company = companies.get(lead.tax_id)
        if company is None or company.blocked:
            continue
        rows[lead.course, credit_row(company, lead, prices[lead.sku] * lead.quantity * Decimal(paid))] += 1

    special = {Course.CREDIT_MANUAL, Course.CREDIT_ADVANCE, Course.CREDIT_REFUSED}
    assert {row for course, row in rows if course not in special} == {"ok"}
    assert {(course, row) for course, row in rows if course in special} == {
        (Course.CREDIT_MANUAL, "late, gold"),
        (Course.CREDIT_MANUAL, "little over, gold"),
        (Course.CREDIT_ADVANCE, "late"),
        (Course.CREDIT_REFUSED, "over"),
        (Course.CREDIT_REFUSED, "very late"),
    }


def credit_row(company: Company, lead: Lead, amount: Decimal) -> str:
    """The credit decision, written down once more from its table."""
    credit = company.credit
    assert credit is not None
    free = credit.limit - sum(bill.amount for bill in credit.open_items) - sum(credit.open_orders) - amount
    overdue = max((bill.days_overdue for bill in credit.open_items), default=0)
    if overdue > 60:
        return "very late"
    if free >= 0:
        return "ok" if overdue <= 15 else "late, gold" if company.tier == "gold" else "late"
    if free >= -credit.limit / 10 and overdue <= 15 and company.tier == "gold":
        return "little over, gold"
    return "over"


def test_first_time_buyers_stay_below_what_they_may_owe(world: World) -> None:
    known = {company.tax_id for company in world.companies}
    prices = {item.sku: item.list_price for item in world.items}
    new = [lead for lead in world.leads if lead.ends_in_order and lead.tax_id not in known]

    assert len(new) == 12
    assert all(prices[lead.sku] * lead.quantity <= NEW_CUSTOMER_LIMIT for lead in new)


def test_only_shortage_leads_want_what_is_scarce_and_each_another_item(world: World) -> None:
    stock = {item.sku: item for item in world.items}
    scarce = [lead for lead in world.leads if stock[lead.sku].on_hand < PLENTIFUL_STOCK]

    assert len({lead.sku for lead in scarce}) == len(scarce) == 12
    for lead in scarce:
        item = stock[lead.sku]
        expected = {
            Course.SHORTAGE_PARTIAL: 0 < item.on_hand < lead.quantity,
            Course.SHORTAGE_WAIT: item.on_hand == 0 and item.arrives_in_days is not None,
            Course.SHORTAGE_CANCEL: item.on_hand == 0 and item.arrives_in_days is None,
        }
        assert expected[lead.course]
