"""Rows that are changed on both sides."""

from collections.abc import Mapping
from typing import Any

import pytest

from cauce.errors import TransientError
from cauce.store import cross_references, dead_letters, pairs, syncs, tasks
from cauce.store.dead_letters import Filters
from cauce.store.models import Task
from tests.integration.syncs.conftest import SOURCE, Bench, counts

JSON = Any
FIELDS = "{key, name, town}"


def way(system: str) -> dict[str, JSON]:
    calls = {"find": "get", "create": "create", "update": "put"}
    return {**{name: f"{call}@{system}" for name, call in calls.items()}, "with": ".", "id": ".key"}


def deleting(system: str) -> dict[str, JSON]:
    return {"call": f"remove@{system}", "with": "{key: .target}", "most": 100}


BOTH: dict[str, JSON] = {
    "mapping": FIELDS,
    "target": way("new"),
    "deletes": deleting("new"),
    "match": ".key",
    "conflicts": {"assign": {"group": "sales"}},
    "back": {
        "source": {**SOURCE, "call": "read@new"},
        "mapping": FIELDS,
        "target": way("old"),
        "deletes": deleting("old"),
    },
    "batch": 3,
}


def put(bench: Bench, system: str, key: str, **row: JSON) -> None:
    table = bench.rows.old if system == "old" else bench.rows.new
    bench.rows.ticks += 1
    table[key] = {**table.get(key, {"key": key, "name": "", "town": ""}), **row, "changed": bench.rows.ticks}


def fields(table: Mapping[str, Mapping[str, JSON]]) -> dict[str, tuple[str, str]]:
    return {key: (row["name"], row["town"]) for key, row in sorted(table.items())}


async def agreed(bench: Bench, *keys: str) -> None:
    """Publish the sync and let both sides agree on rows."""
    await bench.publish(**BOTH)
    for key in keys:
        put(bench, "old", key, name=f"Name of {key}", town="Lugo")
    await bench.run()
    bench.rows.writes.clear()


async def asked(bench: Bench) -> list[Task]:
    async with bench.store.read() as db:
        return list(await tasks.open_tasks(db))


def shown(task: Task) -> JSON:
    return task.data


async def answer(bench: Bench, task: Task, **answer: JSON) -> None:
    """Answer a task as the service does."""
    async with bench.store.transaction() as db:
        await pairs.decide(db, task.id, answer, task.data)
        await tasks.close(db, task.id, "completed", by="ana", answer=answer)


async def test_rows_of_both_sides_come_together(bench: Bench) -> None:
    await bench.publish(**BOTH)
    put(bench, "old", "a", name="A")
    put(bench, "new", "b", name="B")
    put(bench, "old", "c", name="C", town="Lugo")
    put(bench, "new", "c", name="C", town="Lugo")
    run = await bench.run()
    assert (run.state, run.mode, counts(run)) == ("done", "full", (4, 2, 0, 0, 0))
    assert fields(bench.rows.old) == fields(bench.rows.new) == {"a": ("A", ""), "b": ("B", ""), "c": ("C", "Lugo")}
    assert sorted(bench.rows.writes) == [("new", "POST", "a"), ("old", "POST", "b")]
    async with bench.store.read() as db:
        assert len(await cross_references.counterparts(db, "new", "b")) == 1

    # What we wrote is no change when it is read back.
    bench.rows.writes.clear()
    assert counts(await bench.run()) == (6, 0, 6, 0, 0)
    assert bench.rows.writes == []

    # Edits that do not overlap go to both sides.
    put(bench, "old", "a", name="Other")
    put(bench, "new", "a", town="Vigo")
    put(bench, "new", "b", name="B, changed there")
    assert counts(await bench.run()) == (6, 3, 3, 0, 0)
    assert fields(bench.rows.old) == fields(bench.rows.new)
    assert fields(bench.rows.old) == {"a": ("Other", "Vigo"), "b": ("B, changed there", ""), "c": ("C", "Lugo")}
    assert await asked(bench) == []


async def test_edits_that_overlap_are_decided_by_a_person_and_everything_else_goes_on(bench: Bench) -> None:
    await agreed(bench, "a")
    put(bench, "old", "a", name="Here", town="Vigo")
    put(bench, "new", "a", name="There")
    assert counts(await bench.run()) == (2, 1, 0, 0, 0)
    assert fields(bench.rows.old) == {"a": ("Here", "Vigo")}
    assert fields(bench.rows.new) == {"a": ("There", "Vigo")}
    (task,) = await asked(bench)
    assert (task.group, task.business_key) == ("sales", "a")
    assert shown(task)["fields"] == {"name": {"source": "Here", "target": "There", "agreed": "Name of a"}}
    titles = [each["title"] for each in task.form_document["schema"]["properties"]["name"]["oneOf"]]
    assert titles == ["old: Here", "new: There"]
    await bench.run()
    assert [each.id for each in await asked(bench)] == [task.id]
    await answer(bench, task, name="target")
    await bench.run()
    assert fields(bench.rows.old) == fields(bench.rows.new) == {"a": ("There", "Vigo")}
    assert await asked(bench) == []
    assert counts(await bench.run())[1:3] == (0, 2)


async def test_answer_to_what_has_changed_since_is_asked_again(bench: Bench) -> None:
    await agreed(bench, "a")
    put(bench, "old", "a", name="Here")
    put(bench, "new", "a", name="There")
    await bench.run()
    (first,) = await asked(bench)
    await answer(bench, first, name="target")
    put(bench, "new", "a", name="There, later")
    await bench.run()
    (second,) = await asked(bench)
    assert (second.id == first.id, shown(second)["fields"]["name"]["target"]) == (False, "There, later")

    # What people settle themselves leaves the inbox.
    put(bench, "new", "a", name="Here")
    await bench.run()
    assert await asked(bench) == []
    async with bench.store.read() as db:
        assert await pairs.count(db, "s", "settled") == 1


async def test_rules_decide_by_themselves(bench: Bench) -> None:
    await agreed(bench, *"ab")
    changed = {"changed": ".changed"}
    back = {**BOTH["back"], "source": {**BOTH["back"]["source"], **changed}}
    rules = {"fields": {"name": "source"}, "otherwise": "newest"}
    await bench.publish(**{**BOTH, "source": {**SOURCE, **changed}, "back": back, "conflicts": rules})
    for key, systems in (("a", ("old", "new")), ("b", ("new", "old"))):
        for system in systems:
            put(bench, system, key, name=f"{system} {key}", town=system)
    await bench.run()
    assert fields(bench.rows.old) == fields(bench.rows.new) == {"a": ("old a", "new"), "b": ("old b", "old")}
    assert await asked(bench) == []


async def test_row_that_is_gone_on_one_side_goes_on_the_other(bench: Bench) -> None:
    await agreed(bench, *"abc")
    del bench.rows.old["a"]
    del bench.rows.new["b"]
    assert counts(await bench.run()) == (4, 0, 4, 0, 2)
    assert sorted(bench.rows.old) == sorted(bench.rows.new) == ["c"]
    put(bench, "new", "a", name="Back", town="Lugo")
    await bench.run()
    assert fields(bench.rows.old) == fields(bench.rows.new)
    assert fields(bench.rows.old)["a"] == ("Back", "Lugo")


async def test_delete_against_an_edit_is_decided_by_a_person(bench: Bench) -> None:
    await agreed(bench, *"ab")
    for key in "ab":
        del bench.rows.old[key]
        put(bench, "new", key, name="Changed")
    assert counts(await bench.run()) == (2, 0, 0, 0, 0)
    tasks_by_row = {each.business_key: each for each in await asked(bench)}
    assert shown(tasks_by_row["a"])["row"]["name"] == "Changed"
    await answer(bench, tasks_by_row["a"], row="keep")
    await answer(bench, tasks_by_row["b"], row="delete")
    await bench.run()
    assert sorted(bench.rows.old) == sorted(bench.rows.new) == ["a"]
    assert await asked(bench) == []


async def test_many_rows_that_are_gone_at_once_stop_the_run(bench: Bench) -> None:
    await agreed(bench, *"abc")
    await bench.publish(**{**BOTH, "deletes": {**deleting("new"), "most": 50}})
    for key in "ab":
        del bench.rows.old[key]
    run = await bench.run()
    assert (run.state, sorted(bench.rows.new)) == ("failed", [*"abc"])
    assert run.problem.startswith("2 of 3 rows are gone from old, more than 50 per cent; none was deleted.")


async def test_refused_row_waits_at_the_desk_and_is_tried_again(bench: Bench) -> None:
    await agreed(bench, *"ab")
    put(bench, "old", "a", name="Bad")
    put(bench, "new", "a", town="Vigo")
    bench.rows.refused = {"a"}
    assert counts(await bench.run()) == (4, 0, 2, 2, 0)
    async with bench.store.read() as db:
        found = await dead_letters.page(db, Filters(origin="sync", name="s", state="open"))
        assert sorted(each.identity for each in found) == ["to-source:a", "to-target:a"]
    bench.rows.refused = set()
    assert counts(await bench.run())[1] == 2
    assert fields(bench.rows.old) == fields(bench.rows.new) == {"a": ("Bad", "Vigo"), "b": ("Name of b", "Lugo")}
    async with bench.store.read() as db:
        assert not await dead_letters.page(db, Filters(origin="sync", name="s", state="open"))


async def test_killed_in_the_middle_writes_nothing_twice(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await bench.publish(**{**BOTH, "batch": 9})
    put(bench, "old", "a", name="A")
    put(bench, "new", "b", name="B")

    async def dies(*_: object) -> bool:
        raise SystemError("killed")

    turn = await bench.begin()
    for _ in range(3):
        await bench.step(turn)
    monkeypatch.setattr(syncs, "advance", dies)
    with pytest.raises(SystemError):
        await bench.step(turn)
    monkeypatch.undo()
    assert len(bench.rows.writes) == 2
    assert (await bench.step(turn, attempt=2)).over
    assert counts(await bench.noted(turn)) == (2, 2, 0, 0, 0)
    assert len(bench.rows.writes) == 2
    assert counts(await bench.run())[1:3] == (0, 4)


async def test_lost_answer_of_a_create_is_looked_for(bench: Bench) -> None:
    await bench.publish(**{**BOTH, "batch": 9})
    put(bench, "old", "a", name="A")
    bench.rows.fault = lambda _, method: "lost" if method == "POST" else ""
    turn = await bench.begin()
    for _ in range(3):
        await bench.step(turn)
    with pytest.raises(TransientError, match="gave no answer for 1 row"):
        await bench.step(turn)
    bench.rows.fault = lambda _, __: ""
    await bench.step(turn, attempt=2)
    assert bench.rows.writes == [("new", "POST", "a")]
    assert counts(await bench.noted(turn))[1] == 1


async def test_edit_that_comes_after_reading_is_not_lost(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    both = {**BOTH, "batch": 9}
    both["target"] = {**way("new"), "get": "one@new"}
    await agreed(bench, "a")
    await bench.publish(**both)
    put(bench, "old", "a", name="Other")
    turn = await bench.begin()
    for _ in range(3):
        await bench.step(turn)
    put(bench, "new", "a", town="Meanwhile")
    await bench.step(turn)
    assert fields(bench.rows.old) == fields(bench.rows.new) == {"a": ("Other", "Meanwhile")}


async def test_row_that_cannot_be_read_again_now_keeps_none_of_the_others(bench: Bench) -> None:
    both = {**BOTH, "batch": 9}
    both["target"] = {**way("new"), "get": "one@new"}
    await agreed(bench, *"ab")
    await bench.publish(**both)
    for key in "ab":
        put(bench, "old", key, name="Other")
    turn = await bench.begin()
    for _ in range(3):
        await bench.step(turn)
    methods: list[str] = []

    def fault(_: str, method: str) -> str:
        methods.append(method)
        return "busy" if methods == ["GET"] else ""

    bench.rows.fault = fault
    with pytest.raises(TransientError):
        await bench.step(turn)
    assert (await bench.noted(turn)).written == 1
    assert (await bench.step(turn, attempt=2)).over
    assert ((await bench.noted(turn)).written, len(bench.rows.writes)) == (2, 2)


async def test_two_rows_of_a_side_with_the_same_match_are_told_apart_by_nobody(bench: Bench) -> None:
    await bench.publish(**{**BOTH, "match": ".name"})
    put(bench, "old", "a", name="Same")
    put(bench, "old", "b", name="Same")
    run = await bench.run()
    assert (counts(run), sorted(bench.rows.new)) == ((2, 1, 0, 1, 0), ["a"])
    async with bench.store.read() as db:
        (letter,) = await dead_letters.page(db, Filters(origin="sync", name="s"))
    assert (letter.identity, letter.wanted["problem"]) == ("read-source:b", "Another row of old has the same .name.")


async def test_the_same_on_postgresql(postgresql_bench: Bench) -> None:
    bench = postgresql_bench
    await agreed(bench, *"abc")
    put(bench, "old", "a", name="Here")
    put(bench, "new", "a", name="There", town="Vigo")
    del bench.rows.new["b"]
    assert counts(await bench.run()) == (5, 1, 3, 0, 1)
    (task,) = await asked(bench)
    await answer(bench, task, name="source")
    await bench.run()
    assert fields(bench.rows.old) == fields(bench.rows.new) == {"a": ("Here", "Vigo"), "c": ("Name of c", "Lugo")}
