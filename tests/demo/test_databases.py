import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cauce.errors import ConflictError
from demo.company import orders_summary, prepare
from demo.databases import ACCOUNTING, ERP, SCM
from demo.generator import generate


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("company"))


def rows(file: Path, sql: str, *values: object) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(file)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(sql, values)]


def test_credit_status_sums_up_what_a_customer_owes(directory: Path) -> None:
    company = next(
        one for one in generate().companies if one.credit and one.credit.open_items and one.credit.open_orders
    )
    assert company.credit is not None

    (found,) = rows(directory / ACCOUNTING, "SELECT * FROM credit_status WHERE customer_id = ?", company.number)

    assert found == {
        "customer_id": company.number,
        "credit_limit": float(company.credit.limit),
        "open_balance": float(sum(bill.amount for bill in company.credit.open_items)),
        "open_orders": float(sum(company.credit.open_orders)),
        "max_overdue_days": max(bill.days_overdue for bill in company.credit.open_items),
        "tier": company.tier,
        "tax_id": company.tax_id,
    }
    assert all(isinstance(found[name], float) for name in ("credit_limit", "open_balance", "open_orders"))


def test_a_customer_without_debts_owes_nothing(directory: Path) -> None:
    company = next(one for one in generate().companies if one.credit and not one.credit.open_items)

    (found,) = rows(directory / ACCOUNTING, "SELECT * FROM credit_status WHERE customer_id = ?", company.number)

    assert (found["open_balance"], found["max_overdue_days"]) == (0, 0)


def test_stock_level_says_what_is_available_and_when_more_arrives(directory: Path) -> None:
    sql = "SELECT * FROM stock_level WHERE sku = ? ORDER BY available DESC"

    partly, *elsewhere = rows(directory / SCM, sql, "BOM-INX-400")
    nothing = rows(directory / SCM, sql, "BOM-VER-110")

    assert partly == {
        "sku": "BOM-INX-400", "site": "VLC", "on_hand": 4, "reserved": 0, "available": 4, "next_arrival": "2026-11-14",
    }  # fmt: skip
    assert {row["available"] for row in elsewhere} == {0}
    assert {(row["available"], row["next_arrival"]) for row in nothing} == {(0, None)}


def test_erp_and_supply_chain_agree_on_the_stock(directory: Path) -> None:
    erp = rows(directory / ERP, "SELECT sku, on_hand FROM item ORDER BY sku")
    scm = rows(directory / SCM, "SELECT sku, SUM(on_hand) AS on_hand FROM stock_level GROUP BY sku ORDER BY sku")

    assert erp == scm
    assert len(erp) == 44


def test_accounting_knows_exactly_the_erps_customers(directory: Path) -> None:
    erp = rows(directory / ERP, "SELECT number AS id, tax_id FROM customer ORDER BY number")
    accounting = rows(directory / ACCOUNTING, "SELECT customer_id AS id, tax_id FROM customer ORDER BY customer_id")

    assert erp == accounting


def test_the_year_behind_us_has_deliveries_mostly_in_time(directory: Path) -> None:
    ((shares),) = rows(
        directory / SCM, "SELECT count(*) AS n, avg(delivered_on <= promised_on) AS in_time FROM delivery"
    )

    assert shares["n"] == 600
    assert 0.9 < shares["in_time"] < 0.99


def test_databases_that_are_there_are_left_alone(tmp_path: Path) -> None:
    prepare(tmp_path)
    with closing(sqlite3.connect(tmp_path / ERP)) as db, db:
        db.execute("UPDATE item SET on_hand = 1")

    prepare(tmp_path)

    assert rows(tmp_path / ERP, "SELECT DISTINCT on_hand FROM item") == [{"on_hand": 1}]


def test_a_directory_with_another_company_is_refused(tmp_path: Path) -> None:
    prepare(tmp_path)

    with pytest.raises(ConflictError, match="Use another directory, or delete this one"):
        prepare(tmp_path, seed=8)


def test_what_a_killed_run_left_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "unfinished").mkdir()
    (tmp_path / "unfinished" / ERP).write_text("half")
    (tmp_path / SCM).write_text("half")

    prepare(tmp_path)

    assert orders_summary(tmp_path / ERP) == {"orders": 0, "duplicates": 0, "amount": 0}
    assert rows(tmp_path / SCM, "SELECT count(*) AS n FROM site") == [{"n": 3}]
    assert not (tmp_path / "unfinished").exists()


@pytest.fixture(scope="module")
def with_opportunities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("crm")
    leads = directory / "deals.csv"
    leads.write_text(
        "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
        "O1,Ana,GTX Pro,Acme,Won,2026-01-01,2026-02-01,500\n",
        encoding="utf-8",
    )
    return prepare(directory / "company", leads=leads)


def test_accounts_and_products_of_opportunities_are_in_all_systems(with_opportunities: Path) -> None:
    assert rows(with_opportunities / ERP, "SELECT name, tier FROM customer WHERE number = 'A000001'") == [
        {"name": "Acme", "tier": "standard"}
    ]
    assert rows(with_opportunities / ERP, "SELECT list_price_cents FROM item WHERE sku = 'GTX-PRO'") == [
        {"list_price_cents": 50000}
    ]
    (credit,) = rows(with_opportunities / ACCOUNTING, "SELECT * FROM credit_status WHERE customer_id = 'A000001'")
    assert (credit["credit_limit"], credit["max_overdue_days"]) == (100_000_000, 0)
    assert rows(with_opportunities / SCM, "SELECT SUM(available) AS n FROM stock_level WHERE sku = 'GTX-PRO'") == [
        {"n": 100_000}
    ]


@pytest.mark.parametrize(
    ("ddl", "query"),
    [("accounting.sql", b"SELECT * FROM credit_status"), ("scm.sql", b"SELECT * FROM stock_level")],
)
def test_the_tables_and_views_can_be_made_on_postgresql(postgres_url: str, ddl: str, query: bytes) -> None:
    text = files("demo").joinpath("sql", ddl).read_bytes()

    with psycopg.connect(postgres_url.replace("+psycopg", "")) as db:
        db.execute(text)
        found = db.execute(query).fetchall()

    assert found == []
