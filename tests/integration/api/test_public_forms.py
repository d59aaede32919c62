"""Forms that people without an account answer, at an address that only a process can make."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from cauce import settings as environment
from cauce import signed_links
from cauce.connector import Operation
from cauce.errors import PermanentError
from cauce.services import definitions, events
from cauce.services.hub import Actor, Hub
from cauce.store.base import utc_now
from cauce.store.models import PublicLink
from connectors import hub as connector
from schemas import load_yaml
from tests.integration.api.conftest import Browser

FORM = """\
form: survey
title: {en: How was it?, es: ¿Qué tal fue?}
ui: {widgets: {csat: radio}}
schema:
  type: object
  required: [csat]
  additionalProperties: false
  properties:
    csat: {type: integer, minimum: 1, maximum: 5, title: Mark}
    text: {type: string, maxLength: 20}
    called: {type: string, format: date-time}
    parts: {type: array, items: {type: object, properties: {name: {type: string}}}}
"""
ASKED = {
    "form": "survey",
    "type": "com.example.survey.answered.v1",
    "subject": "R-1",
    "days": 30,
    "reference": "r-1",
    "language": "es",
}
boss = Actor("boss", frozenset({"admin"}))


async def made(hub: Hub, calls: str = "make-link", **other: Any) -> dict[str, str] | None:
    with environment.given(data_dir=hub.settings.data_dir):
        async with connector.Connector("hub", connector.Settings(store_url=hub.settings.store_url)) as there:
            effect = "write" if calls == "make-link" else "read"
            found: dict[str, str] | None = await there.call(Operation(calls, calls, effect), {**ASKED, **other})  # type: ignore[arg-type]  # one of the two
            return found


async def address(hub: Hub) -> str:
    await definitions.publish(hub, boss, [load_yaml(FORM, "survey.yaml")])
    found = await made(hub)
    assert found is not None
    return found["url"].removeprefix(hub.settings.public_url)


async def answered(hub: Hub) -> list[Any]:
    found = await events.list_events(hub, boss, type_="com.example.survey.answered.v1")
    return [(each.event["subject"], each.event["data"]) for each in found.events]


async def test_a_customer_answers_once_without_an_account(anonymous: httpx.AsyncClient, hub: Hub) -> None:
    place = await address(hub)
    assert await made(hub, "find-link") == await made(hub)
    assert await made(hub, "find-link", reference="other") is None
    visitor = Browser(anonymous)
    page = await visitor.get(place)
    assert (page.status_code, page.headers["referrer-policy"]) == (200, "no-referrer")
    assert "¿Qué tal fue?" in page.text
    assert "/inbox" not in page.text
    wrong = await visitor.post(place, {"/csat": "9"}, page=place)
    assert (wrong.status_code, 'id="problems"' in wrong.text) == (422, True)
    assert await answered(hub) == []
    unproved = await anonymous.post(place, data={"csrf": "0" * 64, "/csat": "5"})
    assert unproved.status_code == 403
    token = await visitor.token(place)
    for csat in ("4", "1"):
        done = await anonymous.post(place, data={"csrf": token, "/csat": csat, "/text": "<b>bien</b>"})
        assert (done.status_code, 'name="/csat"' in done.text) == (200, False)
    assert await answered(hub) == [("R-1", {"csat": 4, "text": "<b>bien</b>"})]
    assert 'name="/csat"' not in (await visitor.get(place)).text


async def test_lines_are_added_and_a_moment_is_meant_where_the_hub_is(anonymous: httpx.AsyncClient, hub: Hub) -> None:
    place = await address(hub)
    visitor = Browser(anonymous)
    given = {"/csat": "5", "/parts#rows": "0", "/called": "2026-11-22T10:30"}
    more = await visitor.post(place, {**given, "_add": "/parts"}, page=place)
    assert (more.status_code, 'name="/parts/0/name"' in more.text) == (200, True)
    other = await visitor.post(place, {**given, "form": "0" * 64}, page=place)
    assert (other.status_code, "formulario ha cambiado" in other.text) == (409, True)
    assert await answered(hub) == []
    line = {"/parts#rows": "1", "/parts/0/name": "Ñandú 😀"}
    assert (await visitor.post(place, {**given, **line}, page=place)).status_code == 200
    data = (await answered(hub))[0][1]
    assert re.match(r"2026-11-22T10:30:00[+-]", data["called"])
    assert data["parts"] == [{"name": "Ñandú 😀"}]


async def test_addresses_that_were_changed_or_are_too_old_lead_nowhere(anonymous: httpx.AsyncClient, hub: Hub) -> None:
    place = await address(hub)
    elsewhere = signed_links.make(hub.settings, "/notifications/open/", "x").rpartition("/")[2]
    unknown = signed_links.make(hub.settings, "/f/", "x").removeprefix(hub.settings.public_url)
    for wrong in (f"{place}x", "/f/x", f"/f/{elsewhere}", unknown):
        assert (await anonymous.get(wrong)).status_code == 404, wrong
    async with hub.store.transaction() as db:
        await db.execute(update(PublicLink).values(until=utc_now() - timedelta(seconds=1)))
    assert (await anonymous.get(place)).status_code == 404


async def test_what_no_address_is_made_for(hub: Hub) -> None:
    for other in ({"form": "nothing"}, {"days": 0}, {"days": 400}, {"subject": ""}, {"reference": None}):
        with pytest.raises(PermanentError):
            await made(hub, **other)
