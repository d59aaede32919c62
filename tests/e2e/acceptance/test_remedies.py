"""Credit notes in the demo company's accounting, over ODBC, and in its ERP, over SOAP: once, whatever goes wrong."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from demo import complaints
from tests.e2e.desk import Desk, read, until
from tests.e2e.installation import Installation, definitions

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

JSON = Any
BACK = "SELECT return_no, sku, quantity, status FROM goods_return WHERE reference LIKE ?"
OURS = "SELECT amount_cents, status FROM credit_note WHERE reference = ?"


async def carried_out(desk: Desk, process: str, code: str, customer: str, **more: JSON) -> str:
    """Start a remedy of 80 euros, and return its instance."""
    given = {
        "code": code, "reference": f"rec:{code}:rem:0", "customer": {"id": "h-1", "number": customer, "name": "Riegos"},
        "remedy": {"remedies": ["credit-note"], "amount": 80, "reason": "Roto", **more},
    }  # fmt: skip
    started = await desk["sara"].post("/instances", json={"definition": process, "key": code, "input": given})
    instance: str = read(started)["id"]
    return instance


async def ended(desk: Desk, instance: str) -> JSON:
    async def look() -> JSON:
        found = await desk.instance(instance)
        return found if found["summary"]["closed_at"] else None

    return (await until(look))["output"]


def notes(database: Path, code: str) -> list[tuple[int, str]]:
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=10)) as db:
        return db.execute(OURS, [f"rec:{code}:rem:0"]).fetchall()


def known_customer(installation: Installation) -> str:
    (first, *_) = complaints.complaints(installation.erp.company.accounting_db)
    return str(first["party"]["customerNumber"])


async def test_where_the_erp_keeps_credit_notes_one_whose_answer_got_lost_is_found_there(
    installation: Installation, desk: Desk, tmp_path: Path
) -> None:
    text = (definitions / "processes" / "execute-remedy.yaml").read_text(encoding="utf-8")
    (tmp_path / "remedy.yaml").write_text(text.replace("name: execute-remedy", "name: remedy-in-erp", 1), "utf-8")
    published = await installation.cauce("publish", str(tmp_path / "remedy.yaml"), profile="credit-notes-in-erp")
    assert published.code == 0, published.err

    async with installation.erp.fault("CreateCreditNote", "drop-after-work", count=1):
        back: JSON = {"returnGoods": True, "returns": [{"sku": "BOM-SUP-050", "quantity": 2}]}
        instance = await carried_out(desk, "service.remedy-in-erp", "R-SOAP", known_customer(installation), **back)
        output = await ended(desk, instance)
    assert (output["creditNote"][:3], output["corrected"]) == ("CN-", False)
    company = installation.erp.company
    # What comes back is announced in the supply chain, and known by the number that it got there.
    with closing(sqlite3.connect(f"{company.scm_db.as_uri()}?mode=ro", uri=True, timeout=10)) as db:
        ((number, *rest),) = db.execute(BACK, ["rec:R-SOAP:%"]).fetchall()
    assert (rest, output["done"][1]) == (["BOM-SUP-050", 2, "announced"], f"DEV-{number}")
    assert (notes(company.erp_db, "R-SOAP"), notes(company.accounting_db, "R-SOAP")) == ([(8000, "entered")], [])


async def test_credit_note_that_accounting_refuses_is_put_right_by_a_person(
    installation: Installation, desk: Desk
) -> None:
    # A customer whom accounting does not have.
    instance = await carried_out(desk, "service.execute-remedy", "R-REFUSED", "C999999")
    (task,) = await until(lambda: desk.open_tasks(instance))
    assert (task["name"], task["group"]) == ("correct", "finance")
    assert "a rule of the database refuses it" in (await desk.task(task["id"]))["data"]["problem"]
    answer = {"done": "Dado de alta y abonado", "creditNote": "AB-900"}
    read(await desk.complete(task["id"], "pablo", answer))
    output = await ended(desk, instance)
    assert (output["creditNote"], output["corrected"]) == ("AB-900", True)
    assert notes(installation.erp.company.accounting_db, "R-REFUSED") == []


@pytest.mark.soak
async def test_credit_note_is_entered_once_when_accounting_could_not_be_written_to(
    installation: Installation, desk: Desk
) -> None:
    database = installation.erp.company.accounting_db
    with closing(sqlite3.connect(database, isolation_level=None)) as clerk:
        clerk.execute("BEGIN IMMEDIATE")  # longer than the driver waits
        instance = await carried_out(desk, "service.execute-remedy", "R-LOCKED", known_customer(installation))
        await asyncio.sleep(7)
        assert notes(database, "R-LOCKED") == []
        clerk.execute("ROLLBACK")
    output = await ended(desk, instance)
    assert (output["creditNote"][:3], output["corrected"]) == ("AB-", False)
    assert notes(database, "R-LOCKED") == [(8000, "entered")]
