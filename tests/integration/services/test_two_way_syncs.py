"""What people decide about rows that both sides have changed, and rows that go through another version of a mapping."""

import asyncio
import json
from typing import Any

import pytest

from cauce.errors import ConflictError, InputError
from cauce.services import dead_letters, definitions, syncs, tasks
from cauce.services.dead_letters import Answer
from cauce.services.hub import Hub
from cauce.services.syncs import SyncDetail
from cauce.store.dead_letters import Filters
from cauce.store.inbox import Filters as TaskFilters
from schemas import load_yaml
from tests.integration.services.conftest import ana, boss
from tests.integration.services.test_syncs import ended, name, rows, store_url
from tests.integration.syncs.conftest import SOURCE
from tests.integration.syncs.test_two_way import BOTH
from tests.servers.row_server import Rows

__all__ = ["name", "rows", "store_url"]
JSON = Any


async def publish(hub: Hub, document: JSON) -> None:
    text = json.dumps(document)
    await definitions.publish(hub, boss, [load_yaml(text, "sync.yaml")])


async def run(hub: Hub, name: str, number: int) -> SyncDetail:
    """Make a run, as soon as the workflow of the last one has ended, too."""
    while True:
        try:
            await syncs.run(hub, boss, name)
        except ConflictError:
            await asyncio.sleep(0.05)
        else:
            return await ended(hub, name, number)


@pytest.mark.usefixtures("worker")
async def test_answer_in_the_inbox_goes_to_both_sides(hub: Hub, rows: Rows, name: str) -> None:
    await publish(hub, {**BOTH, "sync": name, "source": SOURCE, "conflicts": {"otherwise": "person"}})
    rows.put_old("a", name="First", town="Lugo")
    await run(hub, name, 1)
    rows.put_old("a", name="Here", town="Lugo")
    rows.new["a"] |= {"name": "There", "town": "Vigo"}
    detail = await run(hub, name, 2)
    assert (detail.view.two_way, detail.undecided, detail.rows) == (True, 1, 1)
    (task,) = (await tasks.inbox(hub, ana, TaskFilters(definition=name))).tasks
    await tasks.claim(hub, ana, task.id)
    with pytest.raises(InputError):
        await tasks.complete(hub, ana, task.id, {"name": "both"})
    done = await tasks.complete(hub, ana, task.id, {"name": "target"})
    assert (done.state, done.closed_by) == ("completed", "ana")
    detail = await ended(hub, name, 3)
    assert (detail.runs[0].by, detail.undecided) == ("ana", 0)
    assert [(row["name"], row["town"]) for row in (rows.old["a"], rows.new["a"])] == [("There", "Vigo")] * 2


@pytest.mark.usefixtures("worker")
async def test_letters_go_through_the_version_that_somebody_chooses(hub: Hub, rows: Rows, name: str) -> None:
    one_way = {"sync": name, "source": SOURCE, "target": {"upsert": "put@new"}}
    await publish(hub, {**one_way, "mapping": "{key, name: .name}"})
    await publish(hub, {**one_way, "mapping": '{key, name: error("wrong")}'})
    for key in "abc":
        rows.put_old(key, name=key.upper())
    await run(hub, name, 1)
    letters = [each.id for each in (await dead_letters.list_letters(hub, boss, Filters(name=name))).letters]
    assert await dead_letters.versions(hub, boss, "sync", name) == ["2", "1"]

    def told(answers: list[Answer]) -> list[tuple[str, str]]:
        return [(each.state, each.sentence) for each in answers]

    missing = await dead_letters.replay(hub, boss, letters[:1], version="9")
    assert told(missing) == [("unchanged", f"There is no version 9 of {name}.")]
    refused = await dead_letters.replay(hub, boss, letters[:1])
    assert (refused[0].state, refused[0].sentence.count("wrong")) == ("open", 1)
    taken = await dead_letters.replay(hub, boss, letters, version="1")
    assert told(taken) == [("replayed", f"Applied as n-{key}.") for key in "abc"]
    assert {key: row["name"] for key, row in rows.new.items()} == {"a": "A", "b": "B", "c": "C"}


@pytest.mark.usefixtures("worker")
async def test_letters_of_both_ways(hub: Hub, rows: Rows, name: str) -> None:
    both = {**BOTH, "sync": name, "source": SOURCE}
    await publish(hub, both)
    await publish(hub, {**both, "mapping": 'if .name == "A" then error("wrong") else {key, name, town} end'})
    rows.put_old("a", name="A", town="")
    rows.put_old("b", name="B", town="")
    rows.refused = {"b"}
    await run(hub, name, 1)
    letters = {
        each.identity: each.id for each in (await dead_letters.list_letters(hub, boss, Filters(name=name))).letters
    }
    assert set(letters) == {"read-source:a", "to-target:b"}
    detail = await dead_letters.letter(hub, boss, letters["to-target:b"])
    assert detail.sent == {"key": "b", "name": "B", "town": ""}
    with pytest.raises(InputError, match="follows from both sides"):
        await dead_letters.edit(hub, boss, letters["to-target:b"], {"key": "b"})
    with pytest.raises(InputError, match="keeps its key"):
        await dead_letters.edit(hub, boss, letters["read-source:a"], {"key": "z"})
    rows.refused = set()
    answers = await dead_letters.replay(hub, boss, [*letters.values()], version="1")
    assert {each.sentence for each in answers} == {"Applied as a.", "Applied as b."}
    assert sorted(rows.new) == ["a", "b"]
