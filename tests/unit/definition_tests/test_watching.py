"""What a guide sees of an instance is what the instance would say, and it is seen only while it is certain."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from cauce.contract import Start
from cauce.testing.watching import Sighting, Watch
from tests.unit.workflows.fake_runtime import BEGIN, World
from tests.unit.workflows.samples import bundle
from workflows.instance import Instance
from workflows.record import state_of

JSON = Any
BUNDLE = bundle("""
- look: {call: read@erp}
- both:
    fork:
      branches:
        - ask: {call: human-task, with: {form: f, assign: {group: g}}}
        - hear: {listen: {to: {one: {with: {type: org.example.came}}}}}
        - rest: {wait: {hours: 2}}
""")
ANSWERS = {"ask": {"ok": True}}
EVENT = {"type": "org.example.came", "source": "urn:test", "id": "1"}


@dataclass(slots=True)
class Looked(World):
    """A world that looks at the instance whenever something is asked of people, and while a call is under way."""

    seen: list[tuple[Sighting, Sighting]] = field(default_factory=list)

    def look(self) -> None:
        assert self.instance is not None
        now = self.instance.runtime.time()
        self.seen.append((Sighting.of(self.instance, now), Sighting.told(state_of(self.instance))))

    def _people_act(self, instance: Instance) -> bool:
        self.look()
        return World._people_act(self, instance)  # noqa: SLF001 - the one it stands for


def test_what_is_seen_is_what_the_instance_would_say() -> None:
    world = Looked(people=ANSWERS, coming=[EVENT])
    world.operations["read@erp"] = lambda _: world.look()
    world.run(BUNDLE, Start())
    assert all(seen == said for seen, said in world.seen)
    (busy, _), (asks, _), (hears, _), (rests, _) = world.seen
    assert (busy.busy, busy.begun, busy.now) == (True, ("/do/0/look",), BEGIN)
    assert (len(asks.open_tasks), len(asks.listening), asks.wakes_at) == (1, 1, BEGIN + 7200)
    assert (len(hears.open_tasks), len(hears.listening)) == (0, 1)
    assert (len(rests.open_tasks), len(rests.listening), rests.wakes_at) == (0, 0, BEGIN + 7200)


async def test_an_instance_is_seen_after_each_step_that_is_not_remembered() -> None:
    watch, id_ = Watch(), "test.process/1"
    watch.changed[id_] = asyncio.Event()
    watch.stepped(id_, BEGIN, remembering=False)
    assert watch.standing == {}
    instance = await asyncio.to_thread(_instance)
    watch.begins(id_, instance)
    watch.stepped(id_, BEGIN, remembering=True)
    assert watch.standing == {}
    await asyncio.wait_for(watch.changed[id_].wait(), 5)
    watch.stepped(id_, BEGIN, remembering=False)
    assert watch.standing[id_].now == BEGIN
    watch.forgotten(id_)
    assert (watch.standing, watch.lost) == ({}, {id_})
    assert not watch.has(id_, instance)
    watch.begins(id_, instance)
    watch.stepped(id_, BEGIN, remembering=True)
    assert (watch.standing, watch.lost) == ({}, {id_})
    watch.stepped(id_, BEGIN, remembering=False)
    assert (set(watch.standing), watch.lost) == ({id_}, set())


def _instance() -> Instance:
    world = World(operations={"read@erp": lambda _: None}, people=ANSWERS)
    world.coming.append(EVENT)
    world.run(BUNDLE, Start())
    assert world.instance is not None
    return world.instance
