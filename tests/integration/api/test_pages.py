import re
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI, Request

from api.i18n import Language, catalogue, folder, locales, negotiate
from api.names import Names, names_of_all, stages_of, title_of
from api.pages import view
from api.pages.instances import timeline
from api.pages.problems import short
from cauce import registry
from cauce.sdk import quality
from cauce.sdk.quality import Report, Verdict
from cauce.services.definitions import DefinitionView
from cauce.services.hub import Hub
from cauce.services.visibility import Detail, Summary
from cauce.store import tasks
from cauce.store.session import Db, Store
from tests.e2e.browser.seed import inbox
from tests.integration.api.conftest import Browser

free = "/tasks/00000000-0000-5000-8000-000000000000"
claimed = "/tasks/00000000-0000-5000-8000-000000000001"
hostile = "/tasks/00000000-0000-5000-8000-000000000006"
spanish = {"accept-language": "es-ES,es;q=0.9,en;q=0.5"}


async def test_the_inbox_is_ordered_by_urgency_with_counts(ana: Browser) -> None:
    page = (await ana.get("/inbox")).text
    assert re.findall(r'id="urgency-(\w+)">([\w ]+) <span class="count">(\d)', page) == [
        ("now", "To do now", "4"),
        ("later", "Later", "2"),
        ("none", "Without a due date", "1"),
    ]
    assert "7 tasks wait for you, 2 are overdue." in page


async def test_the_inbox_is_filtered_by_group_and_holder(ana: Browser) -> None:
    mine = (await ana.get("/inbox?which=mine")).text
    assert re.findall(r'"Case">(lead:\d+)</td>', mine) == ["lead:2044", "lead:2057"]
    managers = (await ana.get("/inbox?group=sales-managers")).text
    assert re.findall(r'"Case">(lead:\d+)</td>', managers) == ["lead:2041", "lead:2057", "lead:2070"]


async def test_pages_speak_the_language_of_the_browser_or_the_one_chosen(ana: Browser) -> None:
    page = await ana.get("/inbox", headers=spanish)
    assert '<html lang="es">' in page.text
    assert "Vencidas" in page.text
    assert page.headers["content-language"] == "es"
    await ana.post("/language", {"language": "en", "next": "/inbox"})
    assert '<html lang="en">' in (await ana.get("/inbox", headers=spanish)).text


async def test_claiming_leads_to_the_form_and_returning_back_to_the_inbox(ana: Browser) -> None:
    assert "disabled" in (await ana.get(free)).text
    answer = await ana.post(f"{free}/claim")
    assert answer.headers["location"] == f"{free}?done=claimed"
    page = (await ana.get(free)).text
    assert 'name="/need"' in page
    assert "disabled" not in page
    returned = await ana.post(f"{free}/return", {"reason": "on leave"})
    assert returned.headers["location"] == "/inbox?done=returned"


async def test_the_case_is_shown_beside_the_form(ana: Browser) -> None:
    page = (await ana.get(claimed, headers=spanish)).text
    assert "Begoña Ibarra, Compras" in page
    assert "1.840,50" in page
    assert "P-10231" in page
    assert "2 may 2026" in page
    assert "¿Por qué tengo esto?" in page


async def test_a_wrong_answer_comes_back_with_what_was_entered_and_what_is_wrong(ana: Browser) -> None:
    given = {"/need": "40 bearings", "/score": "101", "/lines#rows": "1", "/lines/0/sku": "A", "/lines/0/quantity": "0"}
    answer = await ana.post(claimed, given)
    assert answer.status_code == 422
    assert "40 bearings</textarea>" in answer.text
    assert 'value="101"' in answer.text
    beside = dict(re.findall(r'id="f-([\w-]+)-problem">.*?<span>(.*?)</span>', answer.text, re.DOTALL))
    assert beside == {
        "horizon": "Please fill this in.",
        "score": "It must be at most 100.",
        "lines-0-quantity": "It must be at least 1.",
    }
    assert "3 things to mend" in answer.text


async def test_rows_come_and_go_without_javascript(ana: Browser) -> None:
    given = {"/need": "kept", "/lines#rows": "1", "/lines/0/sku": "A", "_add": "/lines"}
    two = (await ana.post(claimed, given)).text
    assert 'name="/lines/1/sku"' in two
    assert "kept</textarea>" in two
    one = (await ana.post(claimed, {"/lines#rows": "2", "/lines/1/sku": "B", "_remove": "/lines/0"})).text
    assert 'name="/lines/0/sku" type="text" value="B"' in one
    assert "/lines/1/sku" not in one


async def test_an_engine_that_is_down_leaves_the_inbox_usable(ana: Browser) -> None:
    given = {"/need": "bearings", "/horizon": "month", "/score": "80", "/decider": "true", "/lines#rows": "0"}
    answer = await ana.post(claimed, given)
    assert answer.status_code == 503
    assert "Temporal does not answer." in answer.text
    assert "bearings</textarea>" in answer.text
    assert (await ana.get("/inbox")).status_code == 200
    assert (await ana.get("/instances")).status_code == 503


@pytest.mark.parametrize(
    "path", ["/inbox", hostile, f"{hostile}?done=<script>", "/instances?text=<script>alert(1)</script>"]
)
async def test_text_of_people_is_never_markup(ana: Browser, path: str) -> None:
    page = (await ana.get(path)).text
    assert "<script>alert" not in page
    assert "<script>" not in page


async def test_what_is_entered_is_never_markup(ana: Browser) -> None:
    bad = '"><script>alert(1)</script></textarea><img src=x onerror=alert(1)>'
    given = dict.fromkeys(("/need", "/horizon", "/score", "/budget", "/callback", "/lines/0/sku", "/other"), bad)
    page = (await ana.post(claimed, {**given, "/lines#rows": "1"})).text
    assert "<script>alert" not in page
    assert "<img" not in page


async def test_definitions_have_versions_source_and_a_diagram(ana: Browser) -> None:
    page = await ana.get("/definitions/process/sales.lead-to-order?version=1.1.0")
    assert re.findall(r'\?version=([\d.]+)" aria-current', page.text) == ["1.1.0"]
    assert "flowchart TD" in page.text
    assert "call: human-task" in page.text
    assert "'unsafe-inline'" in page.headers["content-security-policy"]
    assert "<title>Lead to order · Cauce</title>" in page.text


@pytest.mark.parametrize(
    "path", ["/definitions", "/definitions?kind=form", "/connections", "/definitions/form/qualify-lead"]
)
async def test_every_list_is_a_whole_page(ana: Browser, path: str) -> None:
    page = await ana.get(path)
    assert page.status_code == 200
    assert page.text.count('<main class="page" id="main"') == 1


async def test_a_connection_shows_how_its_kind_keeps_the_quality_rules(
    ana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (await ana.get("/connections")).text
    assert "Connector echo: 8 of 8 quality rules" in page
    assert page.count('<span class="badge">does not apply</span>') == 2
    assert "Nothing can be wrong with it." in page
    unmet = Verdict("docs", "The table of kinds says what it talks to.", "unmet", "No table has a row <about> it.")
    monkeypatch.setattr("cauce.services.connections.judge", lambda kind: Report(kind, (unmet,)))
    page = (await ana.get("/connections", headers=spanish)).text
    assert "Conector echo: 0 de 1 reglas de calidad" in page
    assert "La tabla de tipos dice con qué habla." in page
    assert "No table has a row &lt;about&gt; it." in page


async def test_a_connection_of_a_kind_that_is_gone_is_still_shown(
    ana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cauce.registry.kinds", lambda: ["http"])
    monkeypatch.setattr("cauce.services.connections.judge", quality.judge.__wrapped__)
    monkeypatch.setattr("cauce.registry.load", registry.load.__wrapped__)
    monkeypatch.setattr("cauce.registry._folders", lambda: frozenset({"http"}))
    page = await ana.get("/connections")
    assert page.status_code == 200
    assert "ECHO" in page.text
    assert "quality rules" not in page.text


async def test_connections_say_what_they_are_certified_for(ana: Browser) -> None:
    page = (await ana.get("/connections")).text
    assert "<code>orders</code>" in page
    assert '<span class="badge">not certified</span>' in page


async def test_a_missing_task_is_a_page_in_plain_words(ana: Browser) -> None:
    page = await ana.get("/tasks/none")
    assert page.status_code == 404
    assert "There is no task none." in page.text


async def test_auditors_see_everything_and_may_change_nothing(anonymous: object, ana: Browser) -> None:
    await ana.post("/logout")
    rosa = await Browser(ana.client).log_in("rosa")
    page = (await rosa.get(free)).text
    assert "You may look at this task; others have to do it." in page
    assert (await rosa.post(f"{free}/claim")).status_code == 403


async def test_a_completed_task_shows_its_answer(ana: Browser, hub: Hub) -> None:
    async with hub.store.transaction() as db:
        await tasks.close(
            db, claimed.rpartition("/")[2], "completed", by="ana", answer={"score": 81, "need": "bearings"}
        )
    page = (await ana.get(claimed)).text
    assert "<dd>81</dd>" in page
    assert 'name="/need"' not in page


def test_the_timeline_says_what_failed_in_words() -> None:
    begun = datetime(2026, 11, 22, 9, tzinfo=UTC)
    summary = Summary("a.b/1", "r", "a.b", "1.0.0", "1", "faulted", None, None, begun, None)
    error = {"title": "Refused", "detail": "The customer is blocked.", "hint": "Unblock it."}
    task = {
        "name": "create",
        "status": "faulted",
        "startedAt": begun.timestamp(),
        "endedAt": begun.timestamp() + 90,
        "error": error,
    }
    found = timeline(Detail(summary, live=True, state={"tasks": [task]}, human_tasks=()), Language("en"))
    assert [(each["mark"], each["took"], each["error"]) for each in found] == [
        ("failed", "2 minutes", "The customer is blocked. Unblock it.")
    ]


def test_every_message_is_translated() -> None:
    for code in locales:
        text = (folder / code / "LC_MESSAGES" / "messages.po").read_text(encoding="utf-8")
        assert "#, fuzzy" not in text
    assert catalogue("es").gettext("Inbox") == "Bandeja"
    untranslated = re.findall(
        r'msgid "(.+)"\nmsgstr ""\n\n', (folder / "es/LC_MESSAGES/messages.po").read_text("utf-8")
    )
    assert untranslated == []
    titles = [each.title for each in quality.judge("echo").verdicts]
    assert [title for title in titles if catalogue("es").gettext(title) == title] == []


@pytest.mark.parametrize(
    ("chosen", "asked", "spoken"),
    [
        (None, "es-MX,en;q=0.5", "es"),
        (None, "fr, en;q=0.3, es;q=0.8", "es"),
        ("en", "es", "en"),
        ("xx", "", "en"),
        (None, "es;q=zero", "en"),
    ],
)
def test_languages_are_negotiated(chosen: str | None, asked: str, spoken: str) -> None:
    assert negotiate(chosen, asked) == spoken


def test_due_dates_are_said_as_people_say_them() -> None:
    now = datetime.now(UTC)
    assert Language("es").due(now + timedelta(hours=2, seconds=9)) == "vence dentro de 2 horas"
    assert Language("en").due(now - timedelta(days=3)) == "was due 3 days ago"
    assert [view.urgency(now + timedelta(hours=hours)) for hours in (-1, 1, 30)] == ["overdue", "soon", "later"]


def test_a_sentence_of_validation_is_shortened_for_its_field() -> None:
    assert short("`score` must be a whole number, not text.", Language("es")) == "Debe ser un número entero."
    assert short("Something else.", Language("es")) == "Something else."
    for sentence, said in (
        ("`a` must be a moment such as 2026-05-31T10:30:00Z.", "Debe ser una fecha con hora."),
        ("`a` must be a time such as 10:30:00Z.", "Debe ser una hora como 10:30."),
        (
            "`a` must be an address such as https://example.com/orders.",
            "Debe ser una dirección como https://example.com/orders.",
        ),
        ("`a` does not have the form that is asked for (^[A-Z]$).", "No tiene la forma que se pide."),
        ("`a` must be true.", "Hay que marcar esta casilla."),
        ("`a` must be a map, not text.", "Debe estar escrito en JSON."),
    ):
        assert short(sentence, Language("es")) == said


async def test_processes_and_stages_have_the_names_that_people_gave_them(ana: Browser, hub: Hub) -> None:
    page = (await ana.get("/inbox", headers=spanish)).text
    assert ">Lead to order</td>" in page
    titled = DefinitionView(
        *("process", "sales", "x", "sales.x", "1.0.0", "d", "X", ""),
        {"document": {"metadata": {"cauce": {"title": {"en": "Sale", "es": "Venta"}}}}},
        {"stages": {"sales": {"list": [{"id": "won", "title": {"en": "Won", "es": "Ganada"}}]}}},
        *(datetime.now(UTC), "ana", True, True),
    )
    names = Names(title_of(titled), stages_of(titled.bundle))
    assert (names.title(Language("es")), names.stage("won", Language("es"))) == ("Venta", "Ganada")
    assert (names.stage("other", Language("en")), names.stage(None, Language("en"))) == ("other", "")


async def test_the_names_of_all_processes_of_a_page_are_looked_up_at_once(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Store] = []
    read = Store.read

    def counted(store: Store) -> AbstractAsyncContextManager[Db]:
        asked.append(store)
        return read(store)

    monkeypatch.setattr(Store, "read", counted)
    wanted = {("sales.lead-to-order", "1.0.0"), ("sales.lead-to-order", "9.9.9"), ("roadmap:shop", "1")}
    request = Request({"type": "http", "app": app})
    found = await names_of_all(request, wanted)
    assert {each: names.process for each, names in found.items() if each[1] != "1.0.0"} == {
        ("sales.lead-to-order", "9.9.9"): "sales.lead-to-order",
        ("roadmap:shop", "1"): "roadmap:shop",
    }
    assert len(asked) == 1
    assert await names_of_all(request, {("sales.lead-to-order", "1.0.0")}) == {
        ("sales.lead-to-order", "1.0.0"): found["sales.lead-to-order", "1.0.0"]
    }
    assert len(asked) == 1, "a published version never changes"


async def test_the_first_field_has_the_focus_after_claiming_and_a_new_row_after_adding_it(ana: Browser) -> None:
    page = (await ana.get(f"{claimed}?done=claimed")).text
    assert re.findall(r'name="(\S+?)"[^>]* autofocus', page) == ["/need"]
    given = {"/need": "kept", "/lines#rows": "1", "/lines/0/sku": "A", "_add": "/lines"}
    assert re.findall(r'name="(\S+?)"[^>]* autofocus', (await ana.post(claimed, given)).text) == ["/lines/1/sku"]
    wrong = (await ana.post(claimed, {"/need": "bearings", "/score": "101"})).text
    assert len(re.findall(" autofocus", wrong)) == 1
    assert " autofocus" not in (await ana.get(claimed)).text


async def test_whoever_did_an_earlier_part_is_told_why_they_cannot_decide(ana: Browser, hub: Hub) -> None:
    async with hub.store.transaction() as db:
        other = replace(inbox()[0], id="00000000-0000-5000-8000-0000000000ff", different_from=["ana"])
        await tasks.add_task(db, other)
    address = f"/tasks/{other.id}"
    assert "You did an earlier part of this case" in (await ana.get(address)).text
    refused = await ana.post(f"{address}/claim")
    assert refused.status_code == 403
    assert "did an earlier part of this case and may not decide this one." in refused.text


async def test_a_designer_tries_an_expression_without_javascript(ana: Browser) -> None:
    assert 'href="/definitions/expression"' in (await ana.get("/definitions")).text
    page = (await ana.get("/definitions/expression", headers=spanish)).text
    assert "Probar una expresión" in page
    assert ".lines | map(.qty * .price)" in page
    given = {"expression": ".name | <b>", "data": '{"name": "</textarea>"}', "variables": ""}
    answer = await ana.post("/definitions/expression", given)
    assert answer.status_code == 200
    assert "&lt;b&gt;" in answer.text
    assert "<b>" not in answer.text
    assert "{&#34;name&#34;: &#34;&lt;/textarea&gt;&#34;}" in answer.text
    answer = await ana.post("/definitions/expression", given | {"expression": ".name"})
    assert "<pre>&#34;&lt;/textarea&gt;&#34;</pre>" in answer.text
    assert "1 of 1,000,000 steps" in answer.text


async def test_only_designers_are_offered_to_try_an_expression(anonymous: httpx.AsyncClient) -> None:
    luis = await Browser(anonymous).log_in("luis")
    assert 'href="/definitions/expression"' not in (await luis.get("/definitions")).text
    assert (await luis.get("/definitions/expression")).status_code == 403
    assert (await luis.post("/definitions/expression", {"expression": "."})).status_code == 403


async def test_browsers_keep_a_file_that_is_asked_for_by_its_version(anonymous: httpx.AsyncClient) -> None:
    async def cached(address: str) -> str:
        return str((await anonymous.get(address)).headers.get("cache-control", ""))

    address = view.asset("app.css")
    assert await cached(address) == "public, max-age=31536000, immutable"
    assert await cached("/static/app.css") == ""
    assert await cached("/static/app.css?v=0123456789") == "", "another process may have another version"
    assert (await anonymous.get("/static/none.css?v=0")).status_code == 404
