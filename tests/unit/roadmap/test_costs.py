"""What an entry comes to, what is refused, and files of entries as spreadsheets write them."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cauce.cost_entries import Given, money, priced
from cauce.errors import InputError
from cauce.services.roadmaps import cost_rows

TODAY = date(2027, 3, 5)
DOCUMENT = {
    "owners": {"crew": {"title": "C", "group": "crew", "rate": 55.5}, "sponsor": {"title": "S", "group": "s"}},
    "phases": [
        {"activities": [{"id": "draw", "cost": {"data": 500, "training": 0}}]},
        {"activities": [{"id": "build", "cost": {"data": 1, "integration": 2}}]},
    ],
}
HOURS = Given("draw", "T-1", hours="7.50")
BILL = Given("draw.north", "F-1", amount="480.10")


def price(given: Given, *, may_rate: bool = False) -> Any:
    return priced(given, DOCUMENT, owner="crew", today=TODAY, may_rate=may_rate)


def test_hours_cost_what_the_roadmap_says_and_bills_what_they_say() -> None:
    found = price(HOURS)
    assert (found.kind, found.hours, found.owner, found.rate, found.cents) == ("time", "7.5", "crew", "55.5", 41625)
    assert (found.day, found.factor, money(found.cents)) == (TODAY, "data", "416.25")
    # Half a cent is one: 0.333 hours at 55.50 are 18.4815.
    assert price(replace(HOURS, hours="0.333")).cents == 1848
    assert price(BILL).cents == 48010
    assert price(replace(BILL, amount="-20")).cents == -2000
    assert price(replace(BILL, activity="build", factor="data")).factor == "data"
    assert price(replace(HOURS, owner="sponsor", rate="80"), may_rate=True).cents == 60000
    assert price(replace(HOURS, rate="55.50")).rate == "55.5"


@pytest.mark.parametrize(
    ("given", "field", "says"),
    [
        (replace(HOURS, amount="1"), "hours", "either hours or an amount"),
        (replace(HOURS, hours=""), "hours", "either hours or an amount"),
        (replace(HOURS, hours="-1"), "hours", "out of range"),
        (replace(HOURS, hours="1000.5"), "hours", "out of range"),
        (replace(HOURS, hours="many"), "hours", "`many` is no number"),
        (replace(HOURS, rate="80"), "rate", "Only who plans"),
        (replace(HOURS, owner="sponsor"), "rate", "what an hour of `sponsor` costs"),
        (replace(HOURS, owner="nobody"), "owner", "no owner `nobody`"),
        (replace(HOURS, day=date(2027, 3, 7)), "day", "still to come"),
        (replace(HOURS, reference=" "), "reference", "no reference"),
        (replace(HOURS, note="n" * 2_001), "note", "more than 2,000 characters"),
        (replace(BILL, amount="0"), "amount", "out of range"),
        (replace(BILL, amount="1000000000001"), "amount", "out of range"),
        (replace(BILL, amount="1.005"), "amount", "more than two decimals"),
        (replace(BILL, amount="NaN"), "amount", "no number"),
        (replace(BILL, factor="tea"), "factor", "no cost factor `tea`"),
        (replace(BILL, activity="build"), "factor", "a budget for 2 cost factors"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(given: Given, field: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as raised:
        price(given)
    assert raised.value.errors[0]["pointer"] == f"/{field}"
    assert raised.value.hint
    if field == "rate" and given.rate:
        with pytest.raises(InputError, match="rate is out of range"):
            price(replace(given, rate="-1"), may_rate=True)


def test_a_file_is_read_as_spreadsheets_of_either_language_write_it() -> None:
    english = cost_rows.read('\ufeffReference,Activity,Day,Amount,Note\nF-1,draw,2027-03-02,480.10,"a, b"\n,,,,\n')
    assert [row.given() for row in english.rows] == [
        Given("draw", "F-1", date(2027, 3, 2), amount="480.10", note="a, b")
    ]
    spanish = cost_rows.read("reference;activity;day;amount;hours\nF-1;draw;02/03/2027;1.480,10;\nT-1;draw;;;7,5\n")
    assert [(row.given().amount, row.given().hours, row.given().day) for row in spanish.rows] == [
        ("1480.10", "", date(2027, 3, 2)),
        ("", "7.5", None),
    ]


def test_rows_that_were_not_taken_come_back_with_what_is_wrong() -> None:
    file = cost_rows.read("reference;activity;day\na;draw;soon\nb;draw;\nc;draw;;;\n")
    for row, says in ((file.rows[0], "`soon` is no day"), (file.rows[2], "more cells than")):
        with pytest.raises(InputError, match=says):
            row.given()
    rest = file.rest({2: "no day"})
    assert rest == "reference;activity;day;problem\na;draw;soon;no day\n"
    assert cost_rows.read(rest).rows[0].cells["day"] == "soon"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("reference,activity,dya\n", "no column `dya`"),
        ("reference,day\n", "no column `activity`"),
        ('reference,activity\n"a', "not a CSV file"),
        ("reference,activity\n" + "a,b\n" * 20_001, "more than 20,000 rows"),
    ],
)
def test_a_file_of_another_form_is_refused_as_a_whole(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        cost_rows.read(text)
