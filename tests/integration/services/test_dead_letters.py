from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from sqlalchemy import update

from activities.connections import Connections
from cauce.errors import ConflictError, ExpressionError, ForbiddenError, InputError, NotFoundError, TooLargeError
from cauce.http import close_sessions
from cauce.services import dead_letter_edits, dead_letters, definitions, events, instances, sinks
from cauce.services.hub import Actor, Hub
from cauce.store import audit
from cauce.store import events as event_log
from cauce.store.dead_letters import Filters, without_particulars
from cauce.store.models import DeadLetter
from schemas import load_yaml
from tests.integration.services.conftest import ana, auditor, boss

JSON = Any
ops = Actor("olga", frozenset({"operator"}))
OPEN = Filters(state="open")
SOLD = {"specversion": "1.0", "source": "/shop", "type": "com.example.sold.v1"}
CONNECTION = """
connection: erp
kind: http
settings: {{base_url: 'http://127.0.0.1:{port}'}}
operations:
  take:
    calls: POST /events
    effect: write
    idempotency: {{key: .body.id}}
    input:
      type: object
      properties:
        body: {{properties: {{data: {{type: object, required: [n], properties: {{n: {{type: integer}}}}}}}}}}
events: {{types: ['com.example.*'], operation: take}}
"""


@dataclass
class Erp:
    """A system that takes what has a whole number, and refuses anything else."""

    port: int = 0
    taken: list[JSON] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        event = await request.json()
        if not isinstance(event["data"]["n"], int):
            return web.json_response({"title": f"Order {event['id']} has no number"}, status=422)
        self.taken.append(event)
        return web.json_response({"number": f"D-{len(self.taken)}"})


@pytest.fixture
async def erp() -> AsyncIterator[Erp]:
    made, app = Erp(), web.Application()
    app.router.add_post("/events", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.port = runner.addresses[0][1]
    yield made
    await runner.cleanup()
    await close_sessions()


async def refused_events(hub: Hub, erp: Erp, *numbers: JSON) -> list[int]:
    """Let the system refuse an event for each number, and return the letters, the oldest first."""
    await definitions.publish(hub, boss, [load_yaml(CONNECTION.format(port=erp.port), "erp.yaml")])
    opened = Connections(hub.store, hub.resolver)
    await sinks.send(hub, opened)
    async with hub.store.transaction() as db:
        for each in numbers:
            await event_log.append(db, {**SOLD, "id": f"{each}", "data": {"n": each, "name": "Ana"}}, instance="n.p/1")
    await sinks.send(hub, opened)
    await opened.close()
    found = (await dead_letters.list_letters(hub, ops, OPEN)).letters
    return [each.id for each in reversed(found)]


async def test_refused_events_are_grouped_edited_and_sent_again(hub: Hub, erp: Erp) -> None:
    first, second = await refused_events(hub, erp, "1x", "2x")
    (cause,) = await dead_letters.list_causes(hub, ops, OPEN)
    assert (cause.origin, cause.name, cause.operation, cause.count) == ("event-sink", "erp", "take", 2)
    shown = await dead_letters.letter(hub, ops, first)
    assert shown.sent["data"] == {"n": "1x", "name": "Ana"}
    (difference,) = shown.differences
    assert (difference.pointer, difference.sent, difference.wanted) == ("/data/n", "text 1x", "integer")
    (answer,) = await dead_letters.replay(hub, ops, [second])
    assert (answer.state, erp.taken) == ("open", [])
    shown = await dead_letters.edit(hub, ops, first, {**shown.sent, "data": {"n": 1}})
    assert (shown.differences, shown.sent["data"]["n"], shown.edited["data"]) == ((), "1x", {"n": 1})
    (answer,) = await dead_letters.replay(hub, ops, [first])
    assert (answer.state, answer.sentence) == ("replayed", "Applied as D-1.")
    assert [each["data"] for each in erp.taken] == [{"n": 1}]
    closed = await dead_letters.letter(hub, ops, first)
    assert (closed.summary.state, closed.summary.decided_by, closed.applied_as) == ("replayed", "olga", "D-1")
    assert [each.id for each in (await dead_letters.list_letters(hub, ops, OPEN)).letters] == [second]
    (sink,) = await sinks.list_sinks(hub, boss)
    assert (sink.refused, [each.letter for each in sink.lately]) == (1, [second])
    async with hub.store.read() as db:
        trail = await audit.entries(db, subject=f"dead-letter/{first}")
    assert [(each.action, each.actor) for each in trail] == [
        ("dead-letter.replay", "olga"),
        ("dead-letter.edit", "olga"),
    ]


async def test_many_are_mended_by_an_expression_and_sent_again(hub: Hub, erp: Erp) -> None:
    ids = await refused_events(hub, erp, "1", "2", "3x", "4", "5")
    mend = '.data.n |= (if test("^[0-9]+$") then tonumber else . end)'
    tried = await dead_letter_edits.change(hub, ops, ids, mend, keep=False)
    assert [(each.state, each.differences) for each in tried] == [
        ("open", 0),
        ("open", 0),
        ("unchanged", None),
        ("open", 0),
        ("open", 0),
    ]
    assert [each.after and each.after["data"]["n"] for each in tried] == [1, 2, None, 4, None]
    assert tried[0].before["data"]["n"] == "1"
    assert not (await dead_letters.letter(hub, ops, ids[0])).summary.edited
    kept = await dead_letter_edits.change(hub, ops, ids, f"${{ {mend} }}", keep=True)
    assert [(each.state, each.after) for each in kept] == [("edited", None)] * 2 + [("unchanged", None)] + [
        ("edited", None)
    ] * 2
    answers = await dead_letters.replay(hub, ops, ids)
    assert [each.state for each in answers] == ["replayed", "replayed", "open", "replayed", "replayed"]
    assert [each["data"]["n"] for each in erp.taken] == [1, 2, 4, 5]
    async with hub.store.read() as db:
        trail = await audit.entries(db, subject=f"dead-letter/{ids[0]}")
    assert [each.action for each in trail] == ["dead-letter.replay", "dead-letter.edit"]
    (wrong, *_) = await dead_letter_edits.change(hub, ops, ids[2:3], '.id = "other"', keep=True)
    assert wrong.state == "refused"
    (closed, none, two) = await dead_letter_edits.change(hub, ops, [ids[0], ids[2], 999], ".data, .id", keep=True)
    assert (closed.sentence, none.sentence) == (
        f"Dead letter {ids[0]} is replayed already, by olga.",
        "The expression gives 2 outputs for it, and one is needed.",
    )
    assert two.sentence == "There is no dead letter 999."
    with pytest.raises(ExpressionError):
        await dead_letter_edits.change(hub, ops, ids, ".data |", keep=False)
    with pytest.raises(TooLargeError):
        await dead_letter_edits.change(hub, ops, ids, "." * 20_001, keep=False)
    with pytest.raises(ForbiddenError):
        await dead_letter_edits.change(hub, auditor, ids, ".", keep=False)


async def test_what_the_ledger_knows_is_not_sent_again(hub: Hub, erp: Erp) -> None:
    (first,) = await refused_events(hub, erp, "1x")
    shown = await dead_letters.letter(hub, ops, first)
    assert shown.known is None
    await dead_letters.replay(hub, ops, [first])
    await dead_letters.edit(hub, ops, first, {**shown.sent, "data": {"n": 1}})
    await dead_letters.replay(hub, ops, [first])
    async with hub.store.transaction() as db:
        # As if that replay had ended between the system's answer and our note of it.
        await db.execute(update(DeadLetter).values(state="open"))
    shown = await dead_letters.letter(hub, ops, first)
    assert shown.known is not None
    assert (shown.known.state, shown.known.answer, shown.applied_as) == ("done", {"number": "D-1"}, "D-1")
    (answer,) = await dead_letters.replay(hub, ops, [first])
    assert (answer.state, answer.sentence) == ("already-applied", "Already applied as D-1.")
    assert len(erp.taken) == 1


async def test_dropping_needs_a_reason_and_keeps_the_letter(hub: Hub, erp: Erp) -> None:
    (first,) = await refused_events(hub, erp, "1x")
    with pytest.raises(InputError, match="with a reason"):
        await dead_letters.drop(hub, ops, [first], "  ")
    (dropped, unknown) = await dead_letters.drop(hub, ops, [first, 999_999], "sold twice by mistake")
    assert (dropped.state, unknown.state) == ("dropped", "unchanged")
    (again,) = await dead_letters.replay(hub, ops, [first])
    assert (again.state, again.sentence) == ("unchanged", f"Dead letter {first} is dropped already, by olga.")
    (row,) = (await dead_letters.list_letters(hub, ops, Filters(state="dropped"))).letters
    assert (row.decided_by, row.reason) == ("olga", "sold twice by mistake")
    with pytest.raises(ConflictError):
        await dead_letters.edit(hub, ops, first, (await dead_letters.letter(hub, ops, first)).sent)


async def test_who_looks_on_sees_no_data_and_who_works_elsewhere_nothing(hub: Hub, erp: Erp) -> None:
    (first,) = await refused_events(hub, erp, "1x")
    shown = await dead_letters.letter(hub, auditor, first)
    assert shown.sent["data"] == {"n": "[text]", "name": "[text]"}
    assert shown.sent["type"] == "com.example.sold.v1"
    assert [(each.pointer, each.sent) for each in shown.differences] == [("/data/n", "text")]
    assert "1x" not in repr(shown.summary.problem)
    for forbidden in (
        dead_letters.letter(hub, ana, first),
        dead_letters.edit(hub, auditor, first, shown.sent),
        dead_letters.replay(hub, auditor, [first]),
        dead_letters.drop(hub, auditor, [first], "no"),
    ):
        with pytest.raises(ForbiddenError):
            await forbidden

    sent = (await dead_letters.letter(hub, ops, first)).sent
    with pytest.raises(InputError, match="stay what they are"):
        await dead_letters.edit(hub, ops, first, sent | {"id": "other"})
    with pytest.raises(InputError, match="holds one event"):
        await dead_letters.edit(hub, ops, first, [sent])
    with pytest.raises(TooLargeError, match="larger than"):
        await dead_letters.edit(hub, ops, first, sent | {"data": "x" * hub.settings.max_payload_bytes})
    with pytest.raises(NotFoundError):
        await dead_letters.letter(hub, ops, 2**40)


async def test_a_system_that_is_away_is_tried_once(hub: Hub, erp: Erp) -> None:
    letters = await refused_events(hub, erp, "1x", "2x")
    text = CONNECTION.format(port=1).split("    input:")[0] + "events: {types: ['com.example.*'], operation: take}\n"
    await definitions.publish(hub, boss, [load_yaml(text, "erp.yaml")])
    first, second = await dead_letters.replay(hub, ops, letters)
    assert "could not be reached" in first.sentence
    assert (first.state, second.state, second.hint) == ("open", "open", "It was not tried.")


async def test_refused_starts_are_mended_and_started_once(hub: Hub) -> None:
    namespace = f"n{uuid4().hex[:8]}"
    text = f"""
document: {{dsl: 1.0.3, namespace: {namespace}, name: p, version: 1.0.0, metadata: {{cauce: {{read: data}}}}}}
input: {{schema: {{document: {{type: array, items: {{type: object, properties: {{n: {{type: integer}}}}}}}}}}}}
schedule: {{on: {{one: {{with: {{type: {namespace}.a}}}}}}}}
do: [{{say: {{set: {{done: true}}}}}}]
"""
    await definitions.publish(hub, boss, [load_yaml(text.replace("dsl: 1.0.3", "dsl: '1.0.3'"), "p.yaml")])
    event = {"id": "1", "source": f"/{namespace}", "type": f"{namespace}.a", "data": {"n": "x"}}
    receipt = await events.receive(hub, boss, event)
    assert receipt.caused[0].state == "refused"
    (row,) = (await dead_letters.list_letters(hub, ops, Filters(state="open", name=f"{namespace}.p"))).letters
    shown = await dead_letters.letter(hub, ops, row.id)
    assert [(each.pointer, each.wanted) for each in shown.differences] == [("/0/data/n", "integer")]
    await dead_letters.edit(hub, ops, row.id, [shown.sent[0] | {"data": {"n": 1}}])
    (answer,) = await dead_letters.replay(hub, ops, [row.id])
    assert (answer.state, answer.instance) == ("replayed", row.instance)
    (caused,) = (await events.receive(hub, boss, event)).caused
    assert (caused.state, caused.instance) == ("started", row.instance)
    assert (await instances.describe(hub, row.instance)).id == row.instance


def test_causes_have_nobodys_data() -> None:
    told = without_particulars("Customer 'Ana Ruiz' (ana@example.com) 4711 is blocked since 2026-01-02.")
    assert told == "Customer … … … is blocked since …"
    ours = "http://erp.example:80/a/12 refused (HTTP 422): `customer` is missing."
    assert without_particulars(ours) == "http://erp.example:80… refused (HTTP 422): `customer` is missing."
