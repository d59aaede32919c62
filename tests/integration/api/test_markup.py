"""Whatever somebody writes is shown as text: markup is put into every text there is, and all pages are parsed."""

from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from cauce.absence import Absence
from cauce.errors import PermanentError
from cauce.services import users
from cauce.services.hub import Actor, Hub
from cauce.services.permissions import grants
from cauce.store import absences, audit, by_hand, comments, dead_letters, definitions, notifications, tasks
from cauce.store.base import utc_now
from cauce.store.dead_letters import NewLetter
from cauce.store.definitions import NewDefinition
from cauce.store.notifications import Told
from tests.e2e.browser import seed
from tests.integration.api.conftest import Browser
from tests.integration.api.test_access import calls, is_for_programs

ROOT = Actor("admin", frozenset({"admin"}))
EVIL = "\"'><evil-tag onfocus=alert(1) autofocus></script></title></textarea><script>alert('evil')</script>"
LINK = "javascript:alert('evil')"
BOTH = {"en": EVIL, "es": EVIL}
FIELDS: dict[str, Any] = {
    "text": {"type": "string", "title": EVIL, "description": EVIL},
    "long": {"type": "string", "title": EVIL, "maxLength": 2000},
    "choice": {"title": BOTH, "oneOf": [{"const": EVIL, "title": EVIL}, {"const": "b", "title": BOTH}]},
    "several": {"type": "array", "title": EVIL, "items": {"enum": [EVIL, "b"]}, "uniqueItems": True},
    "day": {"type": "string", "format": "date", "title": EVIL},
    "sum": {"type": "number", "title": EVIL},
    "lines": {"type": "array", "title": EVIL, "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
    EVIL: {"type": "string"},
}
FORM: dict[str, Any] = {
    "form": EVIL,
    "title": EVIL,
    "description": BOTH,
    "schema": {"type": "object", "properties": FIELDS},
    "ui": {"compute": {"sum": ".text"}},
    "context": [{"title": EVIL, "value": ".text"}, {"title": EVIL, "value": ".lines", "show": "table"}],
}
DATA = {"text": EVIL, "long": EVIL, "choice": EVIL, "day": EVIL, "lines": [{"a": EVIL, EVIL: LINK}], EVIL: LINK}
ADDRESSES = {"href", "src", "action", "formaction", "hx-get", "hx-post", "data-href"}


class Page(HTMLParser):
    """Collects what would be run, or is an element that only the markup in a text would make."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "evil-tag" or (tag == "script" and not (given.get("src") or "").startswith("/static/")):
            self.found.append(tag)
        self.found += [f"{tag} {name}" for name in given if name.startswith("on")]
        addresses = [value for name, value in attrs if name in ADDRESSES and value]
        self.found += [f"{tag} {each}" for each in addresses if "javascript:" in each.lower() and "?" not in each]


@pytest.fixture
async def written(hub: Hub) -> list[str]:
    """Write markup wherever people or systems write; return the addresses of pages that show some of it."""
    task = replace(
        seed.inbox()[0], id="evil", title=EVIL, name=EVIL, form="evil", form_document=FORM, data=DATA, group=EVIL,
        business_key=EVIL, returned={"by": EVIL, "reason": EVIL, "at": utc_now().isoformat()},
    )  # fmt: skip
    process = {"document": {"title": EVIL, "summary": EVIL, "namespace": "sales", "name": "evil", "version": "1.0.0"}}
    step = {"do": [{EVIL: {"set": {EVIL: EVIL}}}]}
    await users.create_user(hub, ROOT, "eve", seed.password, roles=["staff"], groups=[EVIL], full_name=EVIL)
    await grants.grant(hub, ROOT, f"group:{EVIL[:100]}", ["see"], "*", note=EVIL)
    async with hub.store.transaction() as db:
        await tasks.add_task(db, task)
        row = await tasks.find_task(db, "evil")
        assert row
        row.note, row.owner, row.user = EVIL, EVIL, "admin"
        await comments.add(db, row, by="eve", text=f"{EVIL} @{EVIL} {LINK}", mentions=[])
        new = NewDefinition(
            "process", "evil", "d", EVIL, process | step, EVIL, namespace="sales", version="1.0.0", bundle={}
        )
        await definitions.add(db, new)
        await definitions.add(db, NewDefinition("form", "evil", "d", EVIL, FORM, EVIL))
        refused = NewLetter("event-sink", EVIL, EVIL, DATA, PermanentError(EVIL, hint=EVIL), EVIL, EVIL)
        await dead_letters.add(db, refused)
        call = (EVIL, EVIL, EVIL, EVIL, "sales.evil/1", EVIL)
        await by_hand.add(db, call, DATA, answer=DATA, by=EVIL, at=utc_now())
        await notifications.add(db, Told("evil", "admin", EVIL, EVIL, LINK, "sales.evil/1"), "")
        days = Absence("eve", date(2026, 1, 1), date(2099, 1, 1), None, EVIL, EVIL)
        await absences.add(db, days, note=EVIL, by=EVIL)
        await audit.append(db, EVIL, EVIL, EVIL, {EVIL: EVIL})
    return [
        *("/tasks/evil", "/definitions/process/sales.evil", "/definitions/form/evil", "/dead-letters/1"),
        *("/people/eve", "/permissions/why?of=evil", "/definitions?kind=form", "/inbox?which=delegated"),
    ]


async def test_no_text_becomes_markup(app: FastAPI, anonymous: httpx.AsyncClient, written: list[str]) -> None:
    admin = await Browser(anonymous).log_in("admin")
    pages = {path for method, path, _ in calls(app) if method == "GET" and not is_for_programs(path)}
    plain = {path for path in pages if "{" not in path}
    bitten = 0
    for address in [*written, *sorted(plain - {"/login/openid", "/login/openid/return", "/case-file", "/events", "/"})]:
        answer = await admin.get(address)
        assert answer.status_code < 500 or answer.status_code == 503, (address, answer.status_code)
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        page = Page()
        page.feed(answer.text)
        assert page.found == [], address
        bitten += "evil-tag" in answer.text
        policy = dict(each.split(" ", 1) for each in answer.headers["content-security-policy"].split("; "))
        assert (policy["script-src"], policy["object-src"], policy["base-uri"]) == ("'self'", "'none'", "'none'"), (
            address
        )
        assert policy["default-src"] == "'self'"
    # The texts are really there, in most of the pages that were looked at by hand.
    assert bitten > len(written), bitten


async def test_what_is_typed_comes_back_as_text(anonymous: httpx.AsyncClient, written: list[str]) -> None:
    admin = await Browser(anonymous).log_in("admin")
    fields = {f"/{name}": EVIL for name in FIELDS if name != "lines"} | {"/lines#rows": "1", "/lines/0/a": EVIL}
    posts = (
        ("/tasks/evil", fields | {"_update": "1"}),
        ("/tasks/evil/form", fields | {"_touched": "/text"}),
        ("/tasks/evil/delegate", {"to": EVIL, "note": EVIL}),
        ("/permissions", {"who": EVIL, "name": EVIL, "place": EVIL, "of": EVIL, "acts": EVIL, "note": EVIL}),
        ("/absences", {"person": EVIL, "begins": EVIL, "ends": EVIL, "note": EVIL}),
        ("/people/eve", {"skills": EVIL, "capacity": EVIL}),
        ("/expression", {"expression": EVIL, "data": EVIL}),
    )
    assert written
    for address, data in posts:
        answer = await admin.post(address, data)
        page = Page()
        page.feed(answer.text)
        assert page.found == [], address
    for query in ("/instances?text=", "/audit?subject=", "/permissions/why?of=", "/inbox?group=", "/login?next="):
        page = Page()
        page.feed((await admin.client.get(query, params={query.split("?")[1][:-1]: EVIL})).text)
        assert page.found == [], query


async def test_the_page_of_a_bug_is_guarded_too(app: FastAPI, anonymous: httpx.AsyncClient) -> None:
    async def broken() -> None:
        raise RuntimeError(EVIL)

    app.add_api_route("/broken", broken)
    answer = await anonymous.get("/broken")
    assert (answer.status_code, "evil" in answer.text) == (500, False)
    assert "script-src 'self'" in answer.headers["content-security-policy"]
