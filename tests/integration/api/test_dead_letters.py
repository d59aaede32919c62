import re
from typing import Any

import httpx
import pytest

from cauce.errors import PermanentError
from cauce.services import users
from cauce.services.hub import Hub
from cauce.store import dead_letters, definitions
from cauce.store.dead_letters import Filters, NewLetter
from cauce.store.definitions import NewDefinition
from tests.integration.api.conftest import Browser

JSON = Any
spanish = {"accept-language": "es"}
event = {
    "specversion": "1.0",
    "id": "1",
    "source": "/shop",
    "type": "com.example.sold.v1",
    "data": {"n": "</textarea>"},
}
wanted = {"properties": {"body": {"properties": {"data": {"properties": {"n": {"type": "integer"}}}}}}}
shop = {
    "connection": "shop",
    "kind": "http",
    "settings": {"base_url": "http://127.0.0.1:1"},
    "operations": {"take": {"calls": "POST /", "effect": "write", "input": wanted}},
    "events": {"types": ["*"], "operation": "take"},
}


@pytest.fixture
async def letters(hub: Hub) -> list[int]:
    """Return two letters that a shop has refused."""
    async with hub.store.transaction() as db:
        await definitions.add(db, NewDefinition("connection", "shop", "s", "", shop, "ana"))
        for number in (1, 2):
            error = PermanentError(f"Order '{number}' of Ana <b> does not add up.", remote_code="422")
            await dead_letters.add(db, NewLetter("event-sink", "shop", str(number), event, error, "take"))
        return list(await dead_letters.ids_of(db, Filters(), 10))


async def client_of(hub: Hub, program: httpx.AsyncClient, name: str) -> httpx.AsyncClient:
    token = await users.create_token(hub, await users.actor_of(hub, name))
    program.headers["authorization"] = f"Bearer {token}"
    return program


async def test_programs_list_edit_replay_and_drop(hub: Hub, program: httpx.AsyncClient, letters: list[int]) -> None:
    first, second = letters
    address = "/api/v1/dead-letters"
    assert (await program.post(f"{address}/replay", json={"ids": [first]})).status_code == 403
    assert (await program.get(f"{address}/{first}")).json()["sent"]["data"] == {"n": "[text]"}
    admin = await client_of(hub, program, "admin")
    (cause,) = (await admin.get(f"{address}/causes")).json()
    assert (cause["count"], cause["name"], cause["title"]) == (2, "shop", "Order … of Ana <b> does not add up.")
    page = (await admin.get(f"{address}?cause={cause['cause']}&limit=1")).json()
    assert [each["id"] for each in page["items"]] == [second]
    assert [each["id"] for each in (await admin.get(page["next"])).json()["items"]] == [first]
    mend = {"cause": cause["cause"], "expression": ".data.n = 7"}
    tried = (await admin.post(f"{address}/edit", json=mend)).json()
    assert [(each["state"], each["differences"], each["after"]["data"]) for each in tried] == [
        ("open", 0, {"n": 7})
    ] * 2
    assert [each["state"] for each in (await admin.post(f"{address}/edit", json=mend | {"keep": True})).json()] == [
        "edited",
        "edited",
    ]
    assert (await admin.post(f"{address}/edit", json=mend | {"expression": ".["})).status_code == 422
    edited = await admin.put(f"{address}/{first}/payload", json={"payload": event | {"data": {"n": 1}}})
    assert (edited.status_code, edited.json()["differences"]) == (200, [])
    answers = (await admin.post(f"{address}/replay", json={"cause": cause["cause"]})).json()
    assert [(each["id"], each["state"]) for each in answers] == [(first, "open"), (second, "open")]
    assert "could not be reached" in answers[0]["sentence"]
    (dropped,) = (await admin.post(f"{address}/drop", json={"ids": [second], "reason": "twice"})).json()
    assert dropped["state"] == "dropped"
    assert (await admin.post(f"{address}/drop", json={"ids": [first], "reason": " "})).status_code == 422
    assert (await admin.get(f"{address}/999")).status_code == 404
    (row,) = (await admin.get(f"{address}?state=dropped")).json()["items"]
    assert (row["decided_by"], row["reason"]) == ("admin", "twice")


async def test_a_person_works_at_the_desk_without_javascript(anonymous: httpx.AsyncClient, letters: list[int]) -> None:
    admin = await Browser(anonymous).log_in("admin")
    page = (await admin.get("/dead-letters", headers=spanish)).text
    assert 'href="/dead-letters" aria-current="page"' in page
    (address,) = re.findall(r'href="(/dead-letters\?state=open&amp;cause=\w+)"', page)
    page = (await admin.get(address.replace("&amp;", "&"), headers=spanish)).text
    assert "Enviar los 2 de nuevo" in page
    assert "Order &#39;1&#39; of Ana &lt;b&gt; does not add up." in page
    many = {"cause": address.rpartition("=")[2], "expression": ".data.n = length"}
    tried = (await admin.post("/dead-letters", many | {"do": "try-all"})).text
    assert ("As it would be" in tried, tried.count("would be changed"), ".data.n = length" in tried) == (True, 2, True)
    wrong = await admin.post("/dead-letters", many | {"do": "change-all", "expression": ".data.m ="})
    assert (wrong.status_code, ".data.m =" in wrong.text) == (422, True)
    few = await admin.post("/dead-letters", many | {"do": "change", "ids": letters[1], "expression": '.data.n = "x"'})
    assert "In 1 place it does not fit the contract." in few.text
    letter = f"/dead-letters/{letters[0]}"
    page = (await admin.get(letter)).text
    assert re.findall(r"<td><code>(.+?)</code>.*?</td><td>(.+?)</td><td>(.+?)</td>", page) == [
        ("/data/n", "text &lt;/textarea&gt;", "whole number")
    ]
    wrong = await admin.post(letter, {"do": "edit", "payload": '{"n": }'})
    assert (wrong.status_code, "This is not JSON: line 1, column 7." in wrong.text) == (422, True)
    assert "{&#34;n&#34;: }</textarea>" in wrong.text
    good = str(event | {"data": {"n": 1}}).replace("'", '"')
    kept = await admin.post(letter, {"do": "edit", "payload": good})
    assert kept.headers["location"] == f"{letter}?done=edited"
    assert "fits the contract" in (await admin.get(letter)).text
    assert "could not be reached" in (await admin.post(letter, {"do": "replay"})).text
    cause = address.rpartition("=")[2]
    refused = await admin.post("/dead-letters", {"do": "drop", "cause": cause, "ids": letters[1], "reason": ""})
    assert (refused.status_code, "dropped with a reason" in refused.text) == (422, True)
    dropped = await admin.post("/dead-letters", {"do": "drop", "cause": cause, "ids": letters[1], "reason": "twice"})
    assert "Dropped by admin." in dropped.text
    page = (await admin.get(f"/dead-letters/{letters[1]}")).text
    assert ("twice" in page, "<textarea" in page) == (True, False)
    assert (await admin.get("/dead-letters/x")).status_code == 404


async def test_who_looks_on_sees_the_shape_and_others_no_desk(ana: Browser, letters: list[int]) -> None:
    page = (await ana.get(f"/dead-letters/{letters[0]}")).text
    assert "Only its shape is shown to you." in page
    assert "textarea" not in page
    assert (await ana.post(f"/dead-letters/{letters[0]}", {"do": "replay"})).status_code == 403
    await ana.log_in("luis")
    assert 'href="/dead-letters"' not in (await ana.get("/inbox")).text
    assert (await ana.get("/dead-letters")).status_code == 403
