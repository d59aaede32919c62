import csv
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from cauce.errors import InputError, NotFoundError
from demo import taxids
from demo.crm import Accounts
from demo.lead import Course
from demo.leads import SAMPLE, read_leads

HEADER = "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value"


def test_the_sample_has_200_leads_and_nothing_to_reject() -> None:
    leads, rejected = read_leads(SAMPLE)

    assert (len(leads), rejected) == (200, [])
    assert sum(lead.ends_in_order for lead in leads) == 99
    assert leads[0].line == 2


def test_limit_counts_rows() -> None:
    leads, rejected = read_leads(SAMPLE, 15)

    assert [lead.id for lead in leads] == [f"L-{number:04d}" for number in range(1, 16)]
    assert rejected == []


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("tax_id", "B12345678", "'B12345678' is not a valid tax identifier."),
        ("company", " ", "The column 'company' is blank."),
        ("quantity", "0", "The column 'quantity' is '0', not a whole number from 1 to 1000000."),
        ("quantity", "2.5", "The column 'quantity' is '2.5', not a whole number from 1 to 1000000."),
        ("discount_pct", "NaN", "The column 'discount_pct' is 'NaN', not a number from 0 to 100."),
        ("requested_date", "31/12/2026", "The column 'requested_date' is '31/12/2026', not a date as 2026-11-30."),
        (
            "received_at",
            "2026-11-02",
            "The column 'received_at' is '2026-11-02', not a moment as 2026-11-02T09:30:00Z.",
        ),
        ("horizon", "soon", "The column 'horizon' is 'soon'; it may be <1m, 1-3m, 3-6m, >6m."),
        ("referral", "maybe", "The column 'referral' is 'maybe'; it may be yes, no."),
        ("id", "L-0002", None),
    ],
)
def test_a_bad_row_is_set_aside_with_its_line_and_the_reason(
    tmp_path: Path, column: str, value: str, reason: str | None
) -> None:
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[:3]
    rows[0][column] = value
    changed = tmp_path / "leads.csv"
    with changed.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

    leads, rejected = read_leads(changed)

    assert len(leads) == 2
    expected = f"line 2: {reason}" if reason else "line 3: The id 'L-0002' is on line 2 already."
    assert [str(row) for row in rejected] == [expected]


def test_a_tax_identifier_with_separators_is_repaired_and_said(tmp_path: Path) -> None:
    header, first, *_ = SAMPLE.read_text(encoding="utf-8").splitlines()
    tax_id = re.search(r"[A-Z]\d{8}", first)
    assert tax_id is not None
    loose = f"{tax_id[0][0].lower()}-{tax_id[0][1:]}"
    file = tmp_path / "leads.csv"
    file.write_text(f"{header}\n{first.replace(tax_id[0], loose)}\n", encoding="utf-8")

    ((lead,), _) = read_leads(file)

    assert lead.tax_id == tax_id[0]
    assert lead.repairs == (f"tax_id '{loose}' read as '{tax_id[0]}'",)


def test_the_event_carries_the_lead_and_its_business_key() -> None:
    (lead,), _ = read_leads(SAMPLE, 1)

    event = lead.event()

    assert (event["type"], event["subject"], event["id"]) == (
        "com.example.lead.received.v1",
        "L-0001",
        "lead:L-0001",
    )
    data = event["data"]
    assert data["company"]["taxId"] == lead.tax_id
    assert data["lines"] == [{
        "sku": lead.sku, "quantity": lead.quantity, "discountPct": float(lead.discount_pct),
        "requestedDate": lead.requested_date, "price": None,
    }]  # fmt: skip
    assert sum(data["scores"].values()) <= lead.score


@pytest.mark.parametrize(
    ("name", "rejected_for", "courses"),
    [
        (
            "sales_pipeline.csv",
            {"The account is blank.": 1425},
            {Course.WON: 4238, Course.LOST_ANSWER: 2473, Course.OPEN: 501, Course.NURTURE: 163},
        ),
        (
            "sales_pipeline_as_found.csv",
            {"The account is blank.": 1425, "The account 'Teste' is not known.": 1},
            {Course.WON: 4238, Course.LOST_ANSWER: 2473, Course.OPEN: 502, Course.NURTURE: 162},
        ),
    ],
)
def test_the_public_opportunities_are_read_as_they_are(
    opportunities: Path, name: str, rejected_for: dict[str, int], courses: dict[Course, int]
) -> None:
    leads, rejected = read_leads(opportunities / name)

    assert Counter(row.reason for row in rejected) == rejected_for
    assert Counter(lead.course for lead in leads) == courses
    assert Counter(repair for lead in leads for repair in lead.repairs) == {
        "product 'GTXPro' read as 'GTX Pro'": 1258,
        "sector 'technolgy' read as 'technology'": 1165,
    }
    assert sum(lead.price for lead in leads if lead.price is not None) == 10_005_534
    assert all(lead.loss_reason for lead in leads if lead.course is Course.LOST_ANSWER)
    assert all((30 <= lead.score < 60) == (lead.course is Course.NURTURE) for lead in leads)
    assert all(taxids.is_valid(lead.tax_id) for lead in leads)


def test_the_lines_of_rejected_opportunities_are_those_of_the_file(opportunities: Path) -> None:
    file = opportunities / "sales_pipeline_as_found.csv"
    lines = file.read_text(encoding="utf-8").splitlines()

    _, rejected = read_leads(file)

    assert all(",," in lines[row.line - 1] or "Teste" in lines[row.line - 1] for row in rejected)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("O1,Ana,Pump,Acme,Closed,,,", "The deal stage 'Closed' is none of Won, Lost, Engaging, Prospecting."),
        ("O1,Ana,Pump,,Won,2026-01-01,2026-02-01,5", "The account is blank."),
        ("O1,Ana,Pump,Acme,Won,2026-01-01,2026-02-30,5", "The column 'close_date' is '2026-02-30', not a date."),
        (
            "O1,Ana,Pump,Acme,Won,2026-03-01,2026-02-01,5",
            "It was closed on 2026-02-01, before it was engaged on 2026-03-01.",
        ),
        ("O1,Ana,Pump,Acme,Won,2026-01-01,2026-02-01,", "It is won but has no value."),
        ("O1,Ana,Pump,Acme,Won,2026-01-01,2026-02-01,five", "The value 'five' is not an amount."),
        ("O1,Ana,Pump,Acme,Lost,2026-01-01,2026-02-01,-5", "The value '-5' is not an amount."),
        ("O1,Ana,,Acme,Prospecting,,,", "The product '' is not known."),
        (",Ana,Pump,Acme,Prospecting,,,", "The opportunity has no id."),
        ("O1", "The deal stage '' is none of Won, Lost, Engaging, Prospecting."),
    ],
)
def test_a_bad_opportunity_is_set_aside_with_the_reason(tmp_path: Path, row: str, reason: str) -> None:
    file = tmp_path / "deals.csv"
    file.write_text(f"{HEADER}\nO0,Ana,Pump,Acme,Won,2026-01-01,2026-02-01,500\n{row}\n", encoding="utf-8")

    leads, rejected = read_leads(file)

    assert [lead.id for lead in leads] == ["O0"]
    assert [(bad.line, bad.reason) for bad in rejected] == [(3, reason)]


def test_accounts_and_prices_are_learned_from_the_rows_when_no_files_are_beside(tmp_path: Path) -> None:
    file = tmp_path / "deals.csv"
    rows = ("O1,Ana,GTX Pro,Acme,Won,,,500", "O2,Ana,GTXPro,ACME,Won,,,700", "O3,Ana,GTX Pro,Initech,Won,,,900")
    file.write_text("\n".join((HEADER, *rows)), encoding="utf-8")

    found = Accounts.beside(file)
    leads, _ = read_leads(file)

    assert sorted(found.accounts) == ["acme", "initech"]
    assert [(product.sku, product.price) for product in found.products.values()] == [("GTX-PRO", Decimal(700))]
    assert leads[1].repairs == ("product 'GTXPro' read as 'GTX Pro'",)
    assert leads[0].tax_id == leads[1].tax_id != leads[2].tax_id


def test_a_file_that_is_not_there_or_not_of_leads_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n", encoding="utf-8")
    binary = tmp_path / "leads.xlsx"
    binary.write_bytes(b"PK\x03\x04\xff\xfe\x00" * 50)

    with pytest.raises(NotFoundError, match="cannot be opened: No such file or directory"):
        read_leads(tmp_path / "none.csv")
    with pytest.raises(InputError, match="is not a file of leads: its header is neither of the two known"):
        read_leads(other)
    with pytest.raises(InputError, match=r"cannot be read after line 0.* It must be a CSV file in UTF-8"):
        read_leads(binary)
