"""Complaints against the demo company's own systems: its mail server, its accounting, its people."""

import asyncio
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from demo import complaints
from demo.people import who_may
from tests.e2e.desk import Desk, read
from tests.e2e.installation import Installation
from tests.e2e.letters import answer_form, mail_to, waited

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

JSON = Any


@dataclass(frozen=True, slots=True)
class Case:
    """One complaint on its way."""

    desk: Desk
    code: str

    @property
    def id(self) -> str:
        return f"service.complaint-to-resolution/{self.code}"

    async def task(self, name: str) -> JSON:
        """Wait until a task with that name is open, and return it."""

        async def look() -> JSON:
            return next((each for each in await self.desk.open_tasks(self.id) if each["name"] == name), None)

        return await waited(look, f"{self.id} never came to {name}")

    async def parts(self, name: str, many: int) -> JSON:
        """Wait until several groups are asked at once, and return the task of each."""

        async def look() -> dict[str, str] | None:
            found = [each for each in await self.desk.open_tasks(self.id) if each["name"] == name]
            return {each["group"]: each["id"] for each in found} if len(found) == many else None

        return await waited(look, f"{self.id} never asked {many} groups for {name}")

    async def do(self, name: str, answer: JSON, by: str = "") -> None:
        """Answer a task as somebody, or as the first person who may."""
        task = await self.task(name)
        found = who_may(task["group"], task["user"], ())
        assert by or found is not None
        read(await self.desk.complete(task["id"], by or found.name, answer))  # type: ignore[union-attr]  # said above

    async def investigated(self, amount: float, *, by: str = "", cause: str = "form") -> None:
        """Do everything up to the proposal of a remedy."""
        await self.do(
            "assess",
            {
                "nature": "complaint",
                "cause": cause,
                "detail": "Rota",
                "impact": 2,
                "urgency": 2,
                "risks": ["none"],
                "amount": amount,
            },
            by,
        )
        await self.do("plan", {"areas": [], "question": "-"}, by)
        found = {"facts": "Es así.", "responsible": "company", "conclusion": "founded", "next": "conclude"}
        await self.do("conclude", found, by)

    async def propose(self, amount: float, by: str = "") -> None:
        """Propose a credit note."""
        offered = {"remedies": ["credit-note"], "amount": amount, "reason": "Procede.", "notRelated": True}
        await self.do("propose", offered, by)


def credit_notes(installation: Installation, code: str) -> list[tuple[str, int, str]]:
    """Return the credit notes of a case from the database of accounting."""
    query = "SELECT reference, amount_cents, status FROM credit_note WHERE reference LIKE ?"
    with closing(sqlite3.connect(installation.erp.company.accounting_db)) as db:
        return db.execute(query, [f"rec:{code}:%"]).fetchall()


async def test_a_complaint_by_mail_is_settled_by_mail_and_opened_again_by_its_survey(
    installation: Installation, desk: Desk
) -> None:
    letter = await asyncio.to_thread(complaints.letter, installation.erp.company.accounting_db)
    customer = letter["from"].addresses[0].addr_spec
    await installation.erp.company.post.deliver(letter)
    started = await installation.cauce("start", "service.complaint-mail", "--json")
    assert started.code == 0, started.err
    acknowledged = await mail_to(installation, customer, "Su reclamación R-")
    case = Case(desk, re.findall(r"R-\d{4}-\d{6}", acknowledged["subject"])[0])
    first = await desk.task((await case.task("assess"))["id"])
    assert first["data"]["complaint"]["channel"] == "email"
    assert first["data"]["complaint"]["order"] == "PV-00077"
    (photo,) = first["data"]["complaint"]["attachments"]
    opened = await desk["nuria"].get(f"/tasks/{first['id']}/attachments/{photo['sha256']}")
    assert (photo["name"], opened.content[1:4]) == ("electrovalvula.png", b"PNG")

    await case.investigated(80)
    await case.propose(80)
    await case.do("answer", {"text": "Lamentamos lo ocurrido."})
    offered = await mail_to(installation, customer, f"Respuesta a su reclamación {case.code}")
    await answer_form(installation, offered, answer="accepted")
    # Written once, under the reference of the case, and read back.
    await case.do("write-arrival-down", {"arrived": True})
    assert credit_notes(installation, case.code) == [(f"rec:{case.code}:rem:0", 8000, "entered")]
    await case.do("analyse", {"rootCause": "Sin revisar", "whys": ["Nadie revisa"], "corrective": "no"})

    asked = await mail_to(installation, customer, f"Su reclamación {case.code} está cerrada")
    await answer_form(installation, asked, csat="1", resolved="false")
    again = await case.task("plan")
    assert again["group"] == "service-supervisors"


async def test_above_the_limit_two_others_sign_and_a_second_message_joins(
    installation: Installation, desk: Desk
) -> None:
    made = await asyncio.to_thread(complaints.complaints, installation.erp.company.accounting_db)
    complaint = {**made[1], "id": "acceptance-limit", "order": "PV-ACCEPT"}
    customer = complaint["party"]["email"]
    read(await desk.send(complaints.event(complaint)))
    acknowledged = await mail_to(installation, customer, "Su reclamación R-")
    case = Case(desk, re.findall(r"R-\d{4}-\d{6}", acknowledged["subject"])[0])
    read(await desk.send(complaints.event({**complaint, "id": "acceptance-again", "description": "Y otra cosa"})))

    await case.investigated(400, by="sara")
    await case.propose(400, by="sara")
    task = await case.task("approve")
    sign = {"decision": "approve", "reason": "Procede"}
    refused = await desk.complete(task["id"], "sara", sign)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    await case.do("approve", {"decision": "return", "reason": "Es más"}, "silvia")
    await case.propose(3000, by="sara")
    # Two groups are asked at the same time; whoever answers for one of them cannot for the other.
    parts = await case.parts("approve", 2)
    read(await desk["sergio"].post(f"/tasks/{parts['service-managers']}/claim"))
    read(await desk.complete(parts["service-managers"], "sergio", sign))
    assert (await desk.complete(parts["directors"], "sergio", sign)).status_code == 409
    read(await desk.complete(parts["directors"], "carmen", sign))
    await case.do("answer", {"text": "Se lo abonamos."}, "sara")
    offered = await mail_to(installation, customer, f"Respuesta a su reclamación {case.code}")
    body = offered.get_body(["plain"])
    assert body is not None
    assert "3.000,00" in body.get_content()
    # One case, one acknowledgement: what came later joined it.
    mails = await asyncio.to_thread(installation.erp.company.post.to, customer)
    assert len([each for each in mails if each["subject"].startswith("Su reclamación R-")]) == 1
    assert credit_notes(installation, case.code) == []


async def test_customer_rejects_once_and_accepts_then_while_the_term_of_the_law_runs_on(
    installation: Installation, desk: Desk
) -> None:
    made = await asyncio.to_thread(complaints.complaints, installation.erp.company.accounting_db)
    complaint = {**made[2], "id": "acceptance-rejects", "order": "PV-REJECTS"}
    customer = complaint["party"]["email"]
    read(await desk.send(complaints.event(complaint)))
    acknowledged = await mail_to(installation, customer, "Su reclamación R-")
    case = Case(desk, re.findall(r"R-\d{4}-\d{6}", acknowledged["subject"])[0])
    await case.investigated(40)
    # Order, deliveries and invoices came from the ERP, the supply chain and accounting; this order is not in the ERP.
    (planned,) = [each["id"] for each in (await desk.instance(case.id))["human_tasks"] if each["name"] == "plan"]
    file = (await desk.task(planned))["data"]["file"]
    assert (file["order"], type(file["deliveries"]), type(file["invoices"])) == (None, list, list)
    # Who signed for the last delivery, and how long its item is guaranteed from that day on: SCM and ERP say.
    assert file["proof"]["signedBy"]
    assert file["warranty"]["until"][5:7] == file["proof"]["delivered"][5:7]
    await case.propose(40)
    await case.do("answer", {"text": "Le ofrecemos cuarenta euros."})
    await case.do("write-decision-down", {"answer": "rejected", "text": "Es poco"})

    again = await case.task("propose")
    assert (await desk.task(again["id"]))["data"]["acceptance"]["text"] == "Es poco"
    await case.propose(60)
    await case.do("answer", {"text": "Le ofrecemos sesenta."})
    await case.task("write-decision-down")
    listed = read(await desk["oper"].get(f"/instances/{quote(case.id)}/clocks"))
    clocks = {each["clock"]: each["state"] for each in listed}
    # While the customer thinks, only the term of the law goes on.
    assert (clocks["complaint-resolution"], clocks["complaint-legal-es"]) == ("paused", "running")
    await case.do("write-decision-down", {"answer": "accepted"})
    await case.task("write-arrival-down")
    assert credit_notes(installation, case.code) == [(f"rec:{case.code}:rem:0", 6000, "entered")]


async def test_a_person_calls_who_asks_for_one_and_nobody_is_cut_off_for_what_they_complain_about(
    installation: Installation, desk: Desk
) -> None:
    company = installation.erp.company
    made = await asyncio.to_thread(complaints.complaints, company.accounting_db)
    complaint = {**made[3], "id": "acceptance-rights", "order": "PV-RIGHTS"}
    customer, number = complaint["party"]["email"], complaint["party"]["customerNumber"]
    read(await desk.send(complaints.event(complaint)))
    acknowledged = await mail_to(installation, customer, "Su reclamación R-")
    case = Case(desk, re.findall(r"R-\d{4}-\d{6}", acknowledged["subject"])[0])
    await answer_form(installation, acknowledged, phone="600111222")
    await case.do("attend", {"result": "spoken", "text": "Quiere que le llamemos antes de pasar."})

    wish = {"customerNumber": number, "order": "PV-RIGHTS", "reason": "Impagado desde marzo"}
    started = read(
        await desk["sara"].post("/instances", json={"definition": "service.cut-service", "key": number, "input": wish})
    )

    async def held() -> bool:
        said = read(await desk["oper"].get("/events", params={"type": "com.example.service.cut-held.v1"}))
        return bool(said["items"])

    async def cut() -> JSON:
        found = await desk.instance(started["id"])
        return found["output"] if found["summary"]["closed_at"] else None

    await waited(held, "nobody said that the cut waits")
    assert not blocked(installation, number)
    given = {"cause": "form", "detail": "Rota", "impact": 2, "urgency": 2, "risks": ["none"]}
    await case.do("assess", {"nature": "request", **given})
    assert (await waited(cut, "the service was never cut"))["held"] == case.code
    assert blocked(installation, number)

    # Who complains of that gets the service back.
    read(await desk.send(complaints.event({**complaint, "id": "acceptance-cut", "order": "PV-CUT"})))
    again = await mail_to(installation, customer, "Su reclamación R-", 2)
    restored = Case(desk, re.findall(r"R-\d{4}-\d{6}", again["subject"])[0])
    await restored.do("decide-restoring", {"decision": "restore", "reason": "Es la misma factura."})

    async def free() -> bool:
        return not blocked(installation, number)

    await waited(free, "the block was never lifted")


def blocked(installation: Installation, number: str) -> bool:
    """Whether the ERP has a customer blocked."""
    with closing(sqlite3.connect(installation.erp.company.erp_db)) as db:
        return bool(db.execute("SELECT blocked FROM customer WHERE number = ?", [number]).fetchone()[0])
