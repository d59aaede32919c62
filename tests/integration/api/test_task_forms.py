import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from cauce.services import form_answers, tasks, users
from cauce.services.hub import Hub
from cauce.store import attachments
from cauce.store.models import Attachment
from tests.integration.api.conftest import Browser
from tests.integration.api.task_forms import FORM, HOSTILE, ID, OTHER, PAGE, put

CASE = "sales.lead-to-order/lead:9"
PDF = b"%PDF-1.7 a paper"
LINE = {"/lines#rows": "1", "/lines/0/quantity": "3", "/lines/0/price": "9.99"}
EMPTY = {"/lines#rows": "0"}


@pytest.fixture
async def form(hub: Hub) -> None:
    await put(hub)


@pytest.fixture
async def luis(app: FastAPI) -> AsyncIterator[Browser]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://cauce.test") as client:
        yield await Browser(client).log_in("luis")


async def upload(who: Browser, name: str, content: bytes, field: str = "/paper", **given: object) -> httpx.Response:
    data = {"csrf": await who.token(), **EMPTY, "_update": "1", **given}
    return await who.client.post(PAGE, data=data, files=[(field, (name, content, "text/html"))])


def shown(page: str) -> set[str]:
    return set(re.findall(r'data-field="f-([\w-]+)"', page))


def problems(page: str) -> dict[str, str]:
    return dict(re.findall(r'id="f-([\w-]+)-problem">.*?<span>(.*?)</span>', page, re.DOTALL))


async def test_a_page_computes_and_shows_what_follows_from_what_was_entered(form: None, ana: Browser) -> None:
    page = (await ana.get(PAGE)).text
    assert {"reason", "again"}.isdisjoint(shown(page))
    assert ">Update the form</button>" in page
    page = (await ana.post(PAGE, {**LINE, "/answer": "no", "_update": "1"})).text
    assert {"reason", "again", "lines-0-sum", "total"} <= shown(page)
    assert re.findall(r"<output[^>]*>(.*?)</output>", page) == ["€29.97", "€29.97"]
    assert 'name="/total"' not in page
    assert problems(page) == {}


async def test_the_form_so_far_tells_what_is_wrong_only_where_somebody_was(form: None, ana: Browser) -> None:
    given = {**EMPTY, "/answer": "no", "/phone": "12", "/tax": "B12345675", "_touched": ["/phone", "/answer", "/tax"]}
    part = (await ana.post(f"{PAGE}/form", given)).text
    assert "<html" not in part
    assert problems(part) == {
        "phone": "It must be a phone number such as 915 55 01 23.",
        "tax": "The check digit of this tax number is wrong.",
    }
    spanish = await ana.client.post(
        f"{PAGE}/form", data={"csrf": await ana.token(), **given}, headers={"accept-language": "es"}
    )
    assert problems(spanish.text)["phone"] == "Debe ser un teléfono como 915 55 01 23."


async def test_what_is_accepted_is_computed_again(form: None, hub: Hub) -> None:
    async with hub.store.read() as db:
        answer = {
            "answer": "yes",
            "reason": "x",
            "lines": [{"quantity": 2, "price": 1.5}],
            "total": 1,
            "phone": "915550123",
        }
        kept = await form_answers.accepted(
            db, FORM, {}, answer, instance="i", task=ID, region=hub.settings.phone_region
        )
    assert kept == {
        "answer": "yes",
        "lines": [{"quantity": 2, "price": 1.5, "sum": 3}],
        "total": 3,
        "phone": "+34915550123",
    }


async def test_a_file_stays_when_the_form_comes_back_and_is_opened_by_who_sees_the_task(
    form: None, ana: Browser
) -> None:
    page = (await upload(ana, "paper.pdf", PDF, **{"/answer": "yes"})).text
    link = re.search(rf'<a href="({PAGE}/files/[0-9a-f]{{64}})" download>paper.pdf</a>', page)
    assert link
    assert f'name="/paper" value="{link[1].rpartition("/")[2]}" checked' in page
    file = await ana.get(link[1])
    assert file.content == PDF
    assert file.headers["content-type"] == "application/pdf"
    assert file.headers["content-disposition"] == "attachment; filename*=UTF-8''paper.pdf"
    assert file.headers["x-content-type-options"] == "nosniff"
    one = await upload(ana, "one.txt", b"one", "/photos")
    kept = re.findall(r'name="/photos" value="(\w+)"', one.text)
    both = await upload(ana, "two.txt", b"two", "/photos", **{"/photos": kept})
    assert len(re.findall(r'name="/photos" value="\w+" checked', both.text)) == 2


async def test_a_file_that_may_not_be_attached_is_refused_beside_its_field(form: None, ana: Browser, hub: Hub) -> None:
    other = "This kind of file cannot be attached here; possible: pdf."
    for name, content, problem in (
        ("a.html", b"<script>alert(1)</script>", other),
        ("a.pdf", b"<script>alert(1)</script>", other),
        ("a.png", b"\x89PNG\r\n\x1a\n", other),
        ("a.pdf", b"", "The file is empty."),
        ("a.pdf", PDF + b"x" * 2_000, "The file may have at most 2,000 bytes."),
    ):
        answer = await upload(ana, name, content)
        assert answer.status_code == 422
        assert problems(answer.text) == {"paper": problem}
    assert problems((await upload(ana, "a.pdf", PDF, "/note")).text) == {"note": "This is not a field for files."}
    object.__setattr__(hub.settings, "max_attachments", 0)
    assert problems((await upload(ana, "a.pdf", PDF)).text) == {"paper": "The task has 0 files already."}


async def test_a_bomb_is_refused_while_it_streams(form: None, ana: Browser) -> None:
    sent = 0

    async def bomb() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="/paper"; filename="a.pdf"\r\n\r\n%PDF-'
        for _ in range(4_000):
            sent += 65_536
            yield b"0" * 65_536

    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = await ana.client.post(PAGE, content=bomb(), headers=headers)
    assert answer.status_code == 413
    assert sent < 12_000_000
    assert (await ana.client.post(f"{PAGE}/claim", content=b"x" * 200_000)).status_code == 413


async def test_nobody_else_opens_a_file(form: None, ana: Browser, luis: Browser, hub: Hub) -> None:
    page = (await upload(ana, "paper.pdf", PDF)).text
    found = re.search(r"/files/(\w+)", page)
    assert found
    digest = found[1]
    # Another task of ana in another case, whose data names the file: who writes data from outside may name anything.
    await put(hub, task_id=OTHER, instance="sales.lead-to-order/lead:10", data={"file": {"sha256": digest}})
    assert (await ana.get(f"/tasks/{OTHER}/files/{digest}")).status_code == 404
    assert (await ana.get(f"{PAGE}/files/{'0' * 64}")).status_code == 404
    # The same of one that the case runs as a sub-process, and of one within that.
    named = {"file": {"sha256": digest}}
    above = [CASE, "sales.visit/1"]
    await put(hub, task_id="below", instance="sales.fit/2", data=named, ancestors=above)
    assert (await ana.get(f"/tasks/below/files/{digest}")).content == PDF
    await put(hub, task_id="silent", instance="sales.fit/2", ancestors=above)
    assert (await ana.get(f"/tasks/silent/files/{digest}")).status_code == 404
    # And what is attached there may be handed up, but not to another that the case runs.
    kept = attachments.NewFile("sales.fit/2", "deep.pdf", "application/pdf", b"deep", "below", "ana", tuple(above))
    async with hub.store.transaction() as db:
        deep = (await attachments.keep(db, kept)).digest
    for task, instance, status in (("t-up", CASE, 200), ("t-aside", "sales.fit/3", 404)):
        run_by = [] if instance == CASE else above
        await put(hub, task_id=task, instance=instance, data={"file": {"sha256": deep}}, ancestors=run_by)
        assert (await ana.get(f"/tasks/{task}/files/{deep}")).status_code == status
    assert (await ana.get(f"{PAGE}/files/..%2f..%2fetc%2fpasswd")).status_code == 404
    # Luis is of the group, but of another one than this task's.
    await put(hub, task_id="t-managers", group="sales-managers", data={"file": {"sha256": digest}})
    assert (await luis.get(f"/tasks/t-managers/files/{digest}")).status_code == 404
    assert (await upload(luis, "paper.pdf", PDF)).status_code == 403
    # A later task of the same case, whose data hands the file on.
    await put(hub, task_id="t-later", by="luis", data={"answers": [{"file": {"sha256": digest}}]})
    assert (await luis.get(f"/tasks/t-later/files/{digest}")).content == PDF


async def test_text_of_people_is_never_markup_in_a_form(form: None, ana: Browser) -> None:
    name = "<img src=x onerror=alert(1)>.pdf"
    given = {"/note": HOSTILE, "/tax": HOSTILE, "/lines/0/sku": HOSTILE, "/lines#rows": "1", "/answer": HOSTILE}
    page = (await upload(ana, name, PDF, **given)).text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;.pdf" in page
    part = (await ana.post(f"{PAGE}/form", given)).text
    assert "<script>" not in part


async def test_programs_attach_and_answer_by_rest(form: None, hub: Hub, program: httpx.AsyncClient) -> None:
    place = f"/api/v1/tasks/{ID}/attachments"
    kept = (await program.post(place, params={"field": "/paper", "name": "p.pdf"}, content=PDF)).json()
    assert (kept["name"], kept["size"], kept["type"]) == ("p.pdf", len(PDF), "application/pdf")
    again = await program.post(place, params={"field": "/paper", "name": "p.pdf"}, content=PDF)
    assert again.json() == kept
    assert (await program.get(f"{place}/{kept['sha256']}")).content == PDF
    refused = await program.post(f"/api/v1/tasks/{ID}/complete", json={"answer": {"paper": {"sha256": "1" * 64}}})
    assert {"pointer": "/paper", "problem": "`paper` must be an attached file."} in refused.json()["errors"]


class Scanner:
    """Speaks as clamd does, and finds what says that it is a virus."""

    def __init__(self) -> None:
        self.seen = b""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(10) == b"zINSTREAM\0"
        self.seen = b""
        while size := int.from_bytes(await reader.readexactly(4)):
            self.seen += await reader.readexactly(size)
        writer.write(b"stream: Test-Virus FOUND\0" if b"virus" in self.seen else b"stream: OK\0")
        await writer.drain()
        writer.close()
        await writer.wait_closed()


async def test_a_scanner_looks_at_every_file_first(form: None, hub: Hub, ana: Browser) -> None:
    scanner = Scanner()
    server = await asyncio.start_server(scanner.answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    object.__setattr__(hub.settings, "virus_scanner", f"127.0.0.1:{port}")
    async with server:
        assert "paper" not in problems((await upload(ana, "a.pdf", PDF)).text)
        assert scanner.seen == PDF
        answer = await upload(ana, "a.pdf", PDF + b" virus")
        assert problems(answer.text) == {"paper": "The virus scanner refuses this file."}
    # Without the scanner nobody knows, and nothing is kept.
    assert problems((await upload(ana, "a.pdf", PDF + b" more")).text) == {
        "paper": "The virus scanner does not answer."
    }
    async with hub.store.read() as db:
        assert len((await db.execute(Attachment.__table__.select())).all()) == 1
    assert (await tasks.task(hub, await users.actor_of(hub, "ana"), ID)).state == "claimed"
