"""How long each view of an inbox with 100,000 open tasks takes on both databases, and until when a browser paints it.

Run it as `python -m tests.bench.bench_inbox [--tasks 100000] [--rounds 7]`.
"""

import argparse
import asyncio
import contextlib
import random
import re
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
import psycopg

from api.app import create_app
from cauce.services import users
from cauce.services.hub import Hub, open_hub
from cauce.services.inbox.views import COLUMNS
from cauce.settings import load
from cauce.store import task_search
from cauce.store.migrations import upgrade
from cauce.store.models import InboxView, Task, TaskText
from cauce.store.upsert import insert_all
from cauce.urgency import SEVERITIES, comes_up, head_start
from tests.bench import paint
from tests.bench.paint import Painted
from tests.servers import postgresql
from tools.browser import chromium

TASKS: Final = 100_000
MOST_MS: Final = {"postgresql": 100.0, "sqlite": 200.0}
PASSWORD: Final = "bench-password"  # noqa: S105 - of a store that lives as long as the bench
GROUPS: Final = tuple(f"group-{number}" for number in range(8))
# Sees all; belongs to two groups of eight; to one with a handful of tasks.
PEOPLE: Final[Mapping[str, tuple[list[Any], list[str]]]] = {
    "boss": (["manager", "staff"], []),
    "ana": (["staff"], ["group-1", "group-2"]),
    "eva": (["staff"], ["rare"]),
}
VIEWS: Final[Mapping[str, str]] = {
    "all": "which=all",
    "mine": "which=mine",
    "my groups": "which=groups",
    "free": "which=available",
    "overdue": "which=late",
    "set aside": "which=set-aside",
    "delegated": "which=delegated",
    "group": "which=all&group=group-2",
    "another's group": "which=all&group=group-7",
    "form": "which=all&form=form-17",
    "severity": "which=all&severity=critical",
    "all columns": "which=all&columns=" + "&columns=".join(COLUMNS),
    "a word of all": "which=all&text=pedido",
    "a word of some": "which=all&text=talleres",
    "a word of few": "which=all&text=lead%3A4711",
    "a word of none": "which=all&text=nowhere",
    "two words": "which=all&text=tal+norte",
    "a word of all in a group": "which=all&text=pedido&group=group-2",
    "a word of all that is mine": "which=mine&text=pedido",
    "a word of others": "which=all&text=septimo",
    "a kept view": "view=kept-{person}",
}  # fmt: skip
# What else shows what waits for people; the team only to who leads it.
ADDRESSES: Final[Mapping[str, str]] = {
    "list by REST": "/api/v1/tasks",
    "counts by REST": "/api/v1/inbox/counts",
}
TEAM: Final[Mapping[str, str]] = {
    "team": "/team",
    "team, a person": "/team?person=person-7",
    "team, free": "/team?free=1",
    "team, a group": "/team?group=group-2&hours=168",
}
_WORDS: Final = tuple(
    "norte sur este oeste talleres bodegas montajes clínica ferretería cooperativa hermanos industrias suministros azul"  # noqa: SIM905 - to be read
    " verde rojo río monte valle puente torre plaza mayor nueva vieja alta baja real segura fuente piedra madera hierro"
    " cobre plata oro trigo olivo pino roble haya mar costa isla puerto faro".split()
)
_FORM: Final = {
    "schema": {"type": "object", "properties": {f"field{n}": {"type": "string", "title": "x" * 60} for n in range(15)}}
}


@dataclass(frozen=True, slots=True)
class Took:
    """What a view took, in milliseconds, and how large its page is.

    `worked` is the processor's time of this process, `counted` that of the database's with it; these hold on a busy
    machine as well.
    """

    view: str
    median: float
    worst: float
    worked: float
    counted: float
    kilobytes: float

    @property
    def judged(self) -> float:
        """What is held against the target: the clock's median or, where other work slows that, the processor's time.

        The clock's is the shorter one where nothing else runs, as the database counts while this process reads.
        """
        return min(self.median, self.counted)


def rows(number: int) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield tasks as the store keeps them, with their words; the same ones each time."""
    rng, now = random.Random(5), datetime.now(UTC)  # noqa: S311 - nothing secret
    for index in range(number):
        due = None if rng.random() < 0.1 else now + timedelta(hours=rng.uniform(-240, 960))
        created, severity = now - timedelta(hours=rng.uniform(0, 500)), rng.choice((*SEVERITIES, None, None))
        priority, value = rng.choice((30, 50, 50, 50, 80)), rng.choice((None, 90.0, 12_500.0, 250_000.0))
        group = "rare" if index % 4_000 == 0 else rng.choice(GROUPS)
        holder = f"person-{rng.randrange(300)}" if rng.random() < 0.2 else None
        holder = rng.choice(("ana", "boss")) if rng.random() < 0.002 else holder
        customer = " ".join(rng.sample(_WORDS, 3)).title()
        note = " ".join(rng.choices(_WORDS, k=60)) + (" séptimo" if group == "group-7" else "")
        key, form = f"lead:{index}", f"form-{rng.randrange(30)}"
        yield (
            {
                "id": f"{index:032x}", "instance": f"sales.process-{index % 12}/{key}", "business_key": key,
                "definition": f"sales.process-{index % 12}", "version": "1.0.0", "name": "qualify",
                "reference": "/do/0", "title": {"en": f"Qualify: {customer}", "es": f"Calificar: {customer}"},
                "form": form, "form_document": _FORM, "data": {"customer": customer, "note": note}, "group": group,
                "claimed_by": holder, "state": "claimed" if holder else "open", "priority": priority, "due_at": due,
                "severity": severity, "value": value, "customer": customer, "created_at": created,
                "follow_up_at": now + timedelta(days=9) if rng.random() < 0.02 else None,
                "owner": "ana" if rng.random() < 0.001 else None, "delegated_by": [], "answered_by": [],
                "return_to": [], "told": [], "different_from": [], "leads": [], "clocked": False, "note": "",
                "rung": 0, "revision": 0, "urgent_at": comes_up(due, created, head_start(priority, severity, value)),
            },
            " ".join(task_search.words_of(f"pedido {customer} {key} {form} {note}")),
        )  # fmt: skip


async def fill(hub: Hub, number: int) -> None:
    """Put people and tasks into an empty store."""
    for name, (roles, groups) in PEOPLE.items():
        await users.ensure_user(hub, name, PASSWORD, roles=roles, groups=groups)
    async with hub.store.transaction() as db:
        for name in PEOPLE:
            shown = {"filters": {"which": "late", "text": "pedido"}, "columns": list(COLUMNS)}
            db.add(InboxView(id=f"kept-{name}", person=name, name="Late ones", **shown))
    every = list(rows(number))
    for start in range(0, number, 5_000):
        part = every[start : start + 5_000]
        async with hub.store.transaction() as db:
            await insert_all(db, Task, [row for row, _ in part])
            await insert_all(db, TaskText, [{"task": row["id"], "text": words} for row, words in part])
    if hub.store.dialect == "postgresql":
        await asyncio.to_thread(_tended, hub.settings.store_url)


def _tended(url: str) -> None:
    """Do what the server does by itself after some minutes."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        # Else rows of the last transactions are not known to be visible to all, as commits are not waited for here.
        connection.execute("CHECKPOINT")
        connection.execute("VACUUM ANALYZE tasks")
        connection.execute("VACUUM ANALYZE task_texts")


async def measure(hub: Hub, rounds: int) -> list[Took]:
    """Return how long each view takes for each person, as a page over HTTP."""
    app = create_app(hub.settings, hub)
    found = []
    async with app.router.lifespan_context(app):
        for person in PEOPLE:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://cauce.bench") as client:
                await _log_in(client, person)
                views = {
                    view: f"/inbox?{query.format(person=person)}"
                    for view, query in {**VIEWS, **await _pages(client)}.items()
                }
                for view, address in {**views, **ADDRESSES, **(TEAM if person == "boss" else {})}.items():
                    found.append(await _one(client, f"{person}: {view}", address, rounds))
    return found


async def _one(client: httpx.AsyncClient, view: str, address: str, rounds: int) -> Took:
    took, worked, size, before = [], [], 0, _database_s()
    for _ in range(rounds):
        begun, idle = time.perf_counter(), time.process_time()
        answer = await client.get(address)
        took.append((time.perf_counter() - begun) * 1000)
        worked.append((time.process_time() - idle) * 1000)
        size = len(answer.raise_for_status().content)
    own, database = statistics.median(worked), (_database_s() - before) * 1000 / rounds
    return Took(view, statistics.median(took), max(took), own, own + database, size / 1000)


def _database_s() -> float:
    """Return the processor's seconds of all processes that this one has started, with those that are over."""
    found = 0.0
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            found += sum(each.cpu_times()[:4])
    return found


async def _pages(client: httpx.AsyncClient) -> dict[str, str]:
    """Return the second page of all, and the one before the third."""
    found: dict[str, str] = {}
    address = "which=all"
    for name in ("second page", "third page"):
        after = re.search(r'rel="next" href="/inbox\?([^"]+)"', (await client.get(f"/inbox?{address}")).text)
        if after is None:
            return found
        address = found[name] = after[1].replace("&amp;", "&")
    before = re.search(r'rel="prev" href="/inbox\?([^"]+)"', (await client.get(f"/inbox?{address}")).text)
    return found | ({"back again": before[1].replace("&amp;", "&")} if before else {})


async def _log_in(client: httpx.AsyncClient, person: str) -> None:
    token = re.search(r'name="csrf" value="(\w+)"', (await client.get("/login")).text)
    assert token, "the page to log in has a token"
    given = {"csrf": token[1], "name": person, "password": PASSWORD}
    assert (await client.post("/login", data=given)).status_code == httpx.codes.SEE_OTHER


async def of_store(url: str, folder: Path, *, tasks: int, rounds: int) -> list[Took]:
    """Fill a store and measure its inbox."""
    await asyncio.to_thread(upgrade, url)
    async with open_hub(load(data_dir=folder, store_url=url, temporal_address="127.0.0.1:1")) as hub:
        await fill(hub, tasks)
        return await measure(hub, rounds)


def run(
    *, tasks: int = TASKS, rounds: int = 7, program: str | None = None
) -> tuple[dict[str, list[Took]], dict[str, list[Painted]]]:
    """Return what each view took on each database, and until when it was painted by the browser `program`, if any."""
    took, painted = {}, {}
    with (
        tempfile.TemporaryDirectory() as folder,
        postgresql.started(memory="128MB") as server,
        server.database() as name,
    ):
        urls = {"sqlite": f"sqlite+aiosqlite:///{folder}/cauce.db", "postgresql": server.url(name)}
        for kind, url in urls.items():
            took[kind] = asyncio.run(of_store(url, Path(folder), tasks=tasks, rounds=rounds))
            if program:
                settings = load(data_dir=Path(folder), store_url=url, temporal_address="127.0.0.1:1")
                painted[kind] = paint.measured(settings, program, PASSWORD, tuple(PEOPLE), rounds)
    return took, painted


def told(took: Mapping[str, list[Took]], painted: Mapping[str, list[Painted]]) -> str:
    """Return a table of the results."""
    lines = [f"{'view':<40} {'median ms':>10} {'worst ms':>10} {'worked ms':>10} {'with db ms':>10} {'kB':>8}"]
    for kind, found in took.items():
        lines.append(f"-- {kind}, at most {MOST_MS[kind]:.0f} ms")
        lines += [
            f"{each.view:<40} {each.median:>10.1f} {each.worst:>10.1f} {each.worked:>10.1f} {each.counted:>10.1f}"
            f" {each.kilobytes:>8.1f}"
            for each in found
        ]
    for kind, seen in painted.items():
        lines.append(f"-- first paint in a browser, {kind}, at most {paint.MOST_MS:.0f} ms and {paint.MOST_KB:.0f} kB")
        lines += [
            f"{each.view:<40} {each.median:>10.1f} {each.worst:>10.1f} {'':>21} {each.kilobytes:>8.1f}" for each in seen
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=TASKS)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    print(told(*run(tasks=given.tasks, rounds=given.rounds, program=chromium())))
