"""A day of two systems whose people change the same rows: what they do, what is decided, and what must come of it."""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from cauce.errors import CauceError
from cauce.services import tasks
from cauce.services.hub import Actor, Hub
from cauce.store.inbox import Filters
from cauce.store.models import LedgerEntry, PairedRow
from tests.integration.syncs.conftest import connection
from tests.servers.row_server import Rows

JSON = Any
NAME = "both"
FIELDS = "{key, name, town, phone}"
SYSTEMS = {"left": "old", "right": "new"}
TOWNS = ("Lugo", "Ávila", "A Coruña")


def way(system: str) -> dict[str, JSON]:
    calls = {"find": "get", "create": "create", "update": "put"}
    return {
        **{name: f"{call}@{system}" for name, call in calls.items()},
        "with": ".",
        "id": ".key",
        "get": f"one@{system}",
    }


def source(system: str) -> dict[str, JSON]:
    arguments = '{after: ($after.value // -1), key: ($after.key // ""), limit: $limit, by: "changed"}'
    cursor = {"by": "time", "value": ".changed", "overlap": "PT0S"}
    return {"call": f"changes@{system}", "with": arguments, "key": ".key", "cursor": cursor}


def deletes(system: str) -> dict[str, JSON]:
    return {"call": f"remove@{system}", "with": "{key: .target}", "most": 100}


SYNC: dict[str, JSON] = {
    "sync": NAME,
    "source": source("left"),
    "mapping": FIELDS,
    "target": way("right"),
    "deletes": deletes("right"),
    "match": ".key",
    "conflicts": {"fields": {"town": "newest", "phone": "source"}, "otherwise": "person"},
    "back": {"source": source("right"), "mapping": FIELDS, "target": way("left"), "deletes": deletes("left")},
    "batch": 50,
}


def connections(rows: Rows) -> dict[str, dict[str, JSON]]:
    """Return the connections of both systems."""
    return {name: {**connection(system, rows.url), "connection": name} for name, system in SYSTEMS.items()}


class People:
    """The people of both systems, who remember what they wrote last."""

    def __init__(self, rows: Rows, dice: random.Random) -> None:
        self.rows = rows
        self.dice = dice
        self.number = 0
        self.done = Counter[str]()
        self.wrote: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)

    def fill(self, names: int) -> None:
        """Let there be rows on the left, and some of them on the right as well."""
        for number in range(names):
            self.put("left", f"k{number:03}", name="First", town="Lugo", phone="1")
            if number % 5 == 0:
                self.put("right", f"k{number:03}", name="First", town="Lugo", phone="1")

    def work(self) -> None:
        """Let a quarter of an hour pass."""
        for _ in range(self.dice.randrange(8)):
            self.change(self.dice.choice(list(SYSTEMS)), f"k{self.dice.randrange(120):03}")
        if self.dice.random() < 0.5:
            # The same row on both sides, often the same field.
            key = f"k{self.dice.randrange(120):03}"
            for system in SYSTEMS:
                self.change(system, key)
        if self.dice.random() < 0.2:
            table = self.table(self.dice.choice(list(SYSTEMS)))
            if table:
                del table[self.dice.choice(sorted(table))]
                self.done["deleted"] += 1

    def change(self, system: str, key: str) -> None:
        """Add a row, or change one field of it."""
        self.number += 1
        if key not in self.table(system):
            self.put(system, key, name=f"New {self.number}", town=self.dice.choice(TOWNS), phone=str(self.number))
            self.done["added"] += 1
            return
        field = self.dice.choice(["name", "town", "phone"])
        self.put(system, key, **{field: f"{field} {self.number}"})
        self.done["changed"] += 1

    def put(self, system: str, key: str, **row: JSON) -> None:
        """Write a row as the people of a system do."""
        self.rows.ticks += 1
        table = self.table(system)
        table[key] = {**table.get(key, {"key": key}), **row, "changed": self.rows.ticks}
        for name, value in row.items():
            self.wrote[system][key, name] = value

    def table(self, system: str) -> dict[str, dict[str, JSON]]:
        """Return the rows of a system."""
        return self.rows.old if SYSTEMS[system] == "old" else self.rows.new

    async def decide(self, hub: Hub, actor: Actor) -> None:
        """Answer what is asked in the inbox."""
        for task in (await tasks.inbox(hub, actor, Filters(definition=NAME), limit=200)).tasks:
            properties = task.form_document["schema"]["properties"]
            answer = {name: self.dice.choice(each["oneOf"])["const"] for name, each in properties.items()}
            try:
                await tasks.complete(hub, actor, task.id, answer)
            except CauceError:
                continue  # it was withdrawn this moment
            self.done["decided"] += 1

    def agree(self) -> None:
        """See that both sides have the same, and that each value is the last that somebody wrote there."""
        left, right = (shared(self.table(system)) for system in SYSTEMS)
        assert left == right
        for key, row in left.items():
            for name, value in row.items():
                assert value in {wrote.get((key, name)) for wrote in self.wrote.values()}, (key, name)


def shared(table: Mapping[str, Mapping[str, JSON]]) -> dict[str, dict[str, JSON]]:
    return {key: {name: row[name] for name in ("name", "town", "phone")} for key, row in sorted(table.items())}


async def explain(hub: Hub) -> int:
    """Look for each write of each row in the ledger, and return how many there were."""
    async with hub.store.read() as db:
        lines = (await db.scalars(select(PairedRow).where(PairedRow.sync == NAME))).all()
        taken = (await db.scalars(select(LedgerEntry.key).where(LedgerEntry.state == "done"))).all()
    there = {"source": defaultdict[str, set[int]](set), "target": defaultdict[str, set[int]](set)}
    for key in taken:
        side = "source" if key.startswith(f"sync:{NAME}/back:") else "target"
        if key.startswith((f"sync:{NAME}/back:", f"sync:{NAME}:")):
            _, _, row, first, second = key.split(":")
            there[side][row].add(int(second if first == "create" else first))
    written = 0
    for line in lines:
        for side, row in (("target", line.source_id or ""), ("source", line.target_id or "")):
            number = getattr(line, f"{side}_version")
            assert there[side][row] >= set(range(1, number + 1)), (row, side, number)
            written += number
    # What a system took twice was an update or deletion without an answer, never a row that was created again: it
    # refuses those, and a refusal would be at the desk.
    return written
