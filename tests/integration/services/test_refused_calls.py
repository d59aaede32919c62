"""Calls that a system refuses, in a process that fails of it and in one that does not."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web

from cauce.errors import InputError
from cauce.http import close_sessions
from cauce.services import dead_letters, definitions, instances
from cauce.services.hub import Actor, Hub
from cauce.services.visibility import summary
from cauce.store.dead_letters import Filters
from schemas import load_yaml
from tests.integration.services.conftest import boss

JSON = Any
ops = Actor("olga", frozenset({"operator"}))
CONNECTION = """
connection: erp
kind: http
settings: {{base_url: 'http://127.0.0.1:{port}'}}
operations:
  create-order:
    calls: POST /orders
    effect: write
    request: '{{body: .}}'
    idempotency: {{key: .reference}}
    errors: {{'422': business}}
    input: {{type: object, properties: {{customer: {{type: string}}}}}}
"""
PROCESS = """
document: {{dsl: '1.0.3', namespace: {namespace}, name: {name}, version: 1.0.0}}
do:
  - order:
{task}
"""
CALL = "call: create-order@erp\nwith: {reference: '${ .reference }', customer: '${ .customer }'}"
CAUGHT = "try:\n  - create:\n      " + CALL.replace("\n", "\n      ") + "\ncatch: {do: [{say: {set: {refused: true}}}]}"


@pytest.fixture
def store_url(tmp_path: object) -> str:
    return f"sqlite:///{tmp_path}/worker.db"


async def ended(hub: Hub, instance: str) -> str:
    for _ in range(200):
        found = summary(await instances.describe(hub, instance))
        if found.closed_at:
            return found.status
        await asyncio.sleep(0.05)
    pytest.fail("the instance does not come to its end")


async def opened(hub: Hub, count: int) -> list[int]:
    for _ in range(200):
        found = (await dead_letters.list_letters(hub, ops, Filters(state="open"))).letters
        if len(found) == count:
            return [each.id for each in found]
        await asyncio.sleep(0.05)
    pytest.fail("there is another number of letters")


@pytest.mark.usefixtures("worker")
async def test_a_refused_call_is_a_letter_when_its_instance_fails_and_closed_when_that_goes_on(hub: Hub) -> None:
    known: list[str] = []

    async def take(request: web.Request) -> web.Response:
        order = await request.json()
        if order["customer"] not in known:
            return web.json_response({"title": "Unknown customer"}, status=422)
        return web.json_response({"number": "4711"})

    app = web.Application()
    app.router.add_post("/orders", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    namespace = f"n{uuid4().hex[:8]}"
    texts = [CONNECTION.format(port=runner.addresses[0][1])]
    for name, task in (("plain", CALL), ("careful", CAUGHT)):
        inside = "      " + task.replace("\n", "\n      ")
        texts.append(PROCESS.format(namespace=namespace, name=name, task=inside))
    await definitions.publish(hub, boss, [load_yaml(text, f"{at}.yaml") for at, text in enumerate(texts)])
    try:
        given = {"reference": "r-1", "customer": "Ruiz"}
        careful = await instances.start(hub, boss, f"{namespace}.careful", {**given, "reference": "r-0"})
        assert await ended(hub, careful.id) == "completed"
        plain = await instances.start(hub, boss, f"{namespace}.plain", given)
        assert await ended(hub, plain.id) == "faulted"
        (letter,) = await opened(hub, 1)
        shown = await dead_letters.letter(hub, ops, letter)
        assert (shown.summary.instance, shown.summary.code, shown.sent) == (plain.id, "business", given)
        assert (shown.has_contract, shown.known and shown.known.state) == (True, "failed")
        with pytest.raises(InputError, match="follows from its data"):
            await dead_letters.edit(hub, ops, letter, {})
        (answer,) = await dead_letters.replay(hub, ops, [letter])
        assert (answer.state, answer.instance) == ("replayed", plain.id)
        # The customer is still not known there, so the same letter opens again.
        assert await opened(hub, 1) == [letter]
        assert await ended(hub, plain.id) == "faulted"
        known.append("Ruiz")
        await instances.retry(hub, ops, plain.id)
        assert await ended(hub, plain.id) == "completed"
        closed = (await dead_letters.letter(hub, ops, letter)).summary
        assert (closed.state, closed.decided_by, closed.attempts) == ("replayed", "olga", 2)
        assert len((await dead_letters.list_letters(hub, ops, Filters())).letters) == 1
    finally:
        await runner.cleanup()
        await close_sessions()
