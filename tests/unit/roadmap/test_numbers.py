"""The figures of a roadmap, with examples worked out by hand."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.effort import examples
from workflows.roadmap import budget, earned, finance, risks
from workflows.roadmap.days import Days
from workflows.roadmap.figures import Figure
from workflows.roadmap.model import FACTORS, Activity, Actual, Link, Roadmap
from workflows.roadmap.plan import Plan, plan

MONDAY = date(2027, 1, 4)
DAYS = Days(None, MONDAY)
# Three one after the other, 25 working days and 3,500 in all:
#   a: 4 to 15 January, 1,000 (100 a day), half when it begins
#   b: 18 to 29 January, 2,000 (200 a day), two milestones that weigh 1 and 3
#   c: 1 to 5 February, 500 (100 a day), nothing until it is done
WORK = (
    Activity("a", days=10, cost={"management": Decimal(1000)}, rule="50/50"),
    Activity(
        "b",
        days=10,
        links=(Link("a"),),
        cost={"integration": Decimal(2000)},
        rule="milestones",
        parts=(Decimal(1), Decimal(3)),
    ),
    Activity("c", days=5, links=(Link("b"),), cost={"training": Decimal(500)}),
)
# By Friday 22 January, 15 working days in: a is done and was dearer, b has its first milestone.
DONE = {
    "a": Actual(MONDAY, date(2027, 1, 15), cost={"management": Decimal(1200)}),
    "b": Actual(date(2027, 1, 18), parts=frozenset({1}), cost={"integration": Decimal(800)}),
}


def planned(*activities: Activity) -> Plan:
    return plan(Roadmap("r", "R", activities), DAYS, MONDAY)


def shown(figure: Figure) -> str:
    return figure.reason if figure.value is None else f"{figure.value:.4f}"


def test_values_of_the_day_of_the_report() -> None:
    found = earned.performance(planned(*WORK), DONE, 15)
    # PV: all of a, and 5 of 10 days of b. EV: all of a, and a quarter of b.
    assert found.bac == Decimal(3500)
    assert found.whole == earned.Values(pv=Decimal(2000), ev=Decimal(1500), ac=Decimal(2000))
    assert [found.cv, found.sv] == [Decimal(-500)] * 2
    assert {factor: shown(values.overspent) for factor, values in found.factors.items()} == {
        "training": "Nothing was planned to be spent so far.",
        "data": "Nothing was planned to be spent so far.",
        "integration": "-0.2000",
        "management": "0.2000",
    }


def test_indices_and_estimates() -> None:
    found = earned.performance(planned(*WORK), DONE, 15)
    assert {
        name: shown(getattr(found, name))
        for name in (
            *("cpi", "spi", "eac_typical", "eac_atypical", "eac_both"),
            *("etc", "vac", "tcpi_bac", "tcpi_eac", "earned_schedule", "spi_t"),
        )
    } == {
        "cpi": "0.7500",  # 1500 / 2000
        "spi": "0.7500",  # 1500 / 2000
        "eac_typical": "4666.6667",  # 3500 / 0.75
        "eac_atypical": "4000.0000",  # 2000 + 2000
        "eac_both": "5555.5556",  # 2000 + 2000 / 0.5625
        "etc": "2666.6667",  # 4666.67 - 2000
        "vac": "-1166.6667",  # 3500 - 4666.67
        "tcpi_bac": "1.3333",  # 2000 / 1500
        "tcpi_eac": "0.7500",  # 2000 / 2666.67
        "earned_schedule": "12.5000",  # 1,000 after ten days, and 500 at 200 a day
        "spi_t": "0.8333",  # 12.5 / 15
    }
    assert found.actual_time == 15


def test_the_end_that_the_speed_so_far_leads_to() -> None:
    base = planned(*WORK)
    # 25 days at five sixths of the speed take 30: six weeks.
    assert earned.expected_end(base, DAYS, Figure(Decimal("12.5") / 15)) == date(2027, 2, 12)
    assert earned.expected_end(base, DAYS, Figure(Decimal(1))) == base.finish
    assert earned.expected_end(base, DAYS, Figure(Decimal())) == "Nothing is earned so far."
    assert earned.expected_end(base, DAYS, Figure(Decimal("0.0001"))) == "At the speed so far it never ends."
    assert earned.expected_end(base, DAYS, Figure(None, "No.")) == "No."


def test_before_anything_has_happened_there_is_a_reason_instead_of_a_value() -> None:
    found = earned.performance(planned(*WORK), {}, 0)
    assert (found.cpi.reason, found.spi.reason) == (
        "Nothing was spent so far.",
        "Nothing was planned to be done so far.",
    )
    assert (found.spi_t.reason, found.eac_typical.reason) == ("No working day has passed.", "Nothing was spent so far.")
    assert (found.vac, found.etc, found.tcpi_eac) == (found.eac_typical,) * 3
    assert (found.eac_atypical, found.tcpi_bac) == (Figure(Decimal(3500)), Figure(Decimal(1)))
    spent = earned.performance(planned(*WORK), {"a": Actual(MONDAY, cost={"data": Decimal(3500)})}, 15)
    assert (spent.tcpi_bac.reason, shown(spent.cpi)) == ("The budget is spent.", "0.1429")
    free = earned.performance(planned(Activity("a", days=3)), {}, 2)
    assert free.spi_t.reason == "The roadmap costs nothing."


def test_when_all_is_done_the_schedule_index_by_time_still_tells_that_it_was_late() -> None:
    late = {name: Actual(MONDAY, date(2027, 2, 19), cost={"management": Decimal(1000)}) for name in "abc"}
    found = earned.performance(planned(*WORK), late, 35)
    assert (shown(found.spi), shown(found.spi_t)) == ("1.0000", "0.7143")  # 25 / 35
    assert (shown(found.tcpi_bac), found.tcpi_eac.reason) == ("0.0000", "Nothing is left to be spent.")


@pytest.mark.parametrize(
    ("rule", "actual", "share"),
    [
        ("0/100", None, 0),
        ("0/100", Actual(MONDAY, percent=Decimal(90)), 0),
        ("0/100", Actual(MONDAY, MONDAY), 1),
        ("50/50", Actual(MONDAY), Decimal("0.5")),
        ("50/50", Actual(MONDAY, MONDAY), 1),
        ("milestones", Actual(MONDAY), 0),
        ("milestones", Actual(MONDAY, parts=frozenset({2})), Decimal("0.75")),
        ("milestones", Actual(MONDAY, MONDAY), 1),
        # Finished and not accepted is not earned.
        ("deliverables", Actual(MONDAY, MONDAY, parts=frozenset({1})), Decimal("0.25")),
        ("deliverables", Actual(MONDAY, MONDAY), 1),
    ],
)
def test_each_rule_of_earning(rule: Any, actual: Actual | None, share: Decimal) -> None:
    assert earned.share(Activity("a", rule=rule, parts=(Decimal(1), Decimal(3))), actual) == share


def test_colours_of_an_index() -> None:
    amber, red = Decimal("0.95"), Decimal("0.9")
    values = (None, "0.89", "0.9", "0.949", "0.95")
    lights = [earned.light(Figure(Decimal(each) if each else None), amber, red) for each in values]
    assert lights == ["", "red", "amber", "amber", "green"]


def test_the_budget_by_month_adds_up_in_cents() -> None:
    # 100.01 over Friday 29 January, 1 and 2 February: 33.3367 is 33.34, and the rest comes later.
    wait = Activity("wait", days=19)
    pay = Activity("pay", days=3, links=(Link("wait"),), cost={"data": Decimal("100.01")})
    base = planned(wait, pay, Activity("fee", links=(Link("pay"),), cost={"training": Decimal(7)}))
    found = list(budget.lines(base, DAYS))
    assert found == [
        budget.Line("pay", "2027-01", "data", Decimal("33.34")),
        budget.Line("pay", "2027-02", "data", Decimal("66.67")),
        budget.Line("fee", "2027-02", "training", Decimal("7.00")),
    ]
    assert budget.by_period(iter(found))["2027-02"] == dict(zip(FACTORS, (7, Decimal("66.67"), 0, 0), strict=True))
    assert budget.with_contingency(Decimal("107.01"), Decimal(10)) == Decimal("117.711")


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.decimals(0, 10_000, places=2)), min_size=1, max_size=6))
def test_the_curve_the_values_and_the_months_agree(work: list[tuple[int, Decimal]]) -> None:
    activities = [
        Activity(f"a{n}", days=days, links=(Link(f"a{n - 2}"),) if n > 1 else (), cost={FACTORS[n % 4]: cost})
        for n, (days, cost) in enumerate(work)
    ]
    base = planned(*activities)
    whole, curve = budget.total(base), budget.curve(base)
    assert whole == sum(cost for _, cost in work) == curve[-1] == sum(budget.totals(base).values())
    assert sum(line.amount for line in budget.lines(base, DAYS)) == whole
    assert curve == sorted(curve)
    for at in (0, len(curve) // 2, len(curve) - 1):
        difference = sum(budget.planned_value(base, base.begin + at).values()) - curve[at]
        assert abs(difference) < Decimal("1e-8")


def test_a_business_case() -> None:
    found = finance.case(Decimal(100_000), [[Decimal(40_000)] * 3, [Decimal(5_000)] * 3], Decimal(10))
    assert found.flows == (Decimal(-100_000), *[Decimal(45_000)] * 3)
    # Today they are worth 40,909.09, 37,190.08 and 33,809.17; the third makes it good.
    assert shown(found.npv) == "11908.3396"
    assert shown(found.roi) == "0.3500"  # (135,000 - 100,000) / 100,000
    assert shown(found.payback) == "2.2222"  # 2 + 10,000 / 45,000
    assert shown(found.discounted_payback) == "2.6478"  # 2 + 21,900.83 / 33,809.17
    assert shown(found.irr) == "0.1665"
    worth = finance.npv(found.flows, found.irr.value or Decimal()).value
    assert worth is not None
    assert abs(worth) < Decimal("1e-9")


def test_cases_that_have_no_figure() -> None:
    free = finance.case(Decimal(), [[Decimal(5)]], Decimal(10))
    assert (free.roi.reason, free.irr.reason) == ("It costs nothing.", "Money only goes one way.")
    assert free.payback == Figure(Decimal())
    loss = finance.case(Decimal(100), [[Decimal(50)]], Decimal(0))
    assert (loss.payback.reason, shown(loss.irr)) == ("It does not pay back.", "-0.5000")
    flows = [Decimal(each) for each in (-100, 300, -200)]
    assert finance.irr(flows).reason == "Money goes to and fro, and several rates would do."
    assert finance.irr([Decimal(-1), Decimal(10_000)]).reason == "The rate is out of all proportion."
    assert finance.npv(flows, Decimal(-1)).value is None
    assert finance.payback(flows, Decimal(-1)).value is None
    assert shown(finance.irr([Decimal(-100), Decimal(110)])) == "0.1000"
    assert shown(finance.irr([Decimal(100), Decimal(-110)])) == "0.1000"


def test_risks_add_up_and_fire() -> None:
    listed = [
        {"id": "R1", "probability": 3, "impact": 4, "trigger": {"metric": "volatility", "above": 0.1}},
        {"id": "R2", "probability": 1, "impact": 5, "trigger": {"metric": "adoption", "below": 0.7}},
        {"id": "R3", "probability": 2, "impact": 2},
    ]
    assert risks.exposure(listed) == 21
    assert risks.fired(listed, {"volatility": 0.11, "adoption": 0.7}) == ["R1"]
    assert risks.fired(listed, {"adoption": 0.69}) == ["R2"]
