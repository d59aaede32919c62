"""Kills parts of the stack at random moments while leads are under way: nothing is lost, and nothing happens twice."""

import asyncio
import math
import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from demo import leads as files_of_leads
from demo import staff
from demo.lead import Course, Lead
from demo.people import PEOPLE
from tests.e2e import answers
from tests.e2e.answers import By
from tests.e2e.case import Leads, process, received
from tests.e2e.desk import Desk, opened, overseer, read
from tests.e2e.installation import Installation, started

pytestmark = pytest.mark.asyncio(loop_scope="module")
JSON = Any
parts = ("worker", "temporal", "api")
# In the order in which they are asked; who may not do a task is refused, and the next one tries.
colleagues = [person.name for person in PEOPLE if "staff" in person.roles]


@dataclass(slots=True)
class Allowance:
    """How many tasks the staff may complete by now, so that there is work left for every kill to disturb."""

    left: float = 0
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, number: float) -> None:
        """Allow so many more."""
        self.left += number
        self._more.set()

    async def take(self) -> None:
        """Wait for one of them."""
        while self.left < 1:
            self._more.clear()
            await self._more.wait()
        self.left -= 1


@dataclass(slots=True)
class Staff:
    """People who try again whenever Cauce does not answer."""

    desk: Desk
    allowance: Allowance
    completed: set[str] = field(default_factory=set)
    troubles: int = 0

    async def work(self) -> None:
        """Do tasks as they come."""
        while True:
            for task in await self._open():
                await self.allowance.take()
                await self._do(task["id"])
            await asyncio.sleep(0.2)

    async def _open(self) -> list[JSON]:
        answer = await self._patiently("GET", overseer, "/tasks", params={"limit": 200})
        # Several work at once and in no common order, so that they meet at some tasks.
        return random.sample(answer.json()["items"], len(answer.json()["items"]))

    async def _do(self, task_id: str) -> None:
        task = (await self._patiently("GET", overseer, f"/tasks/{task_id}")).json()
        if task["closed_at"]:
            return
        given = staff.answer({"form": task["form"], "data": task["data"], "createdAt": task["created_at"]})
        for person in colleagues:
            body = {"answer": given}
            answer = await self._patiently("POST", person, f"/tasks/{task_id}/complete", json=body)
            if answer.status_code in {200, 409}:
                self.completed.add(task_id)
                return
            assert answer.status_code in {403, 404}, answer.text
        raise AssertionError(f"nobody may do {task_id}")

    async def _patiently(self, method: str, person: str, path: str, **how: Any) -> httpx.Response:
        return await patiently(self, self.desk[person], method, path, **how)


async def patiently(staff: Staff, client: httpx.AsyncClient, method: str, path: str, **how: Any) -> httpx.Response:
    """Make a request again and again until somebody answers it."""
    deadline = time.monotonic() + 120
    while True:
        with suppress(httpx.TransportError):
            answer = await client.request(method, path, **how)
            if answer.status_code < 500:
                return answer
            assert answer.status_code == 503, answer.text
        staff.troubles += 1
        assert time.monotonic() < deadline, f"nobody answers {path}"
        await asyncio.sleep(0.3)


def chosen(number: int) -> list[Lead]:
    """Return leads of the sample of which three out of four end in an order."""
    everyone, _ = files_of_leads.read_leads(files_of_leads.SAMPLE)
    winners = [lead for lead in everyone if lead.ends_in_order]
    # What is kept for later does not end while anybody waits.
    others = [lead for lead in everyone if not lead.ends_in_order and lead.course is not Course.NURTURE]
    return winners[: number - number // 4] + others[: number // 4]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def installation(needs: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    """Return an installation that the tests of `make test` share: each kills what the other left running."""
    async with started(tmp_path_factory.mktemp("kill")) as running:
        yield running


@pytest.mark.kill
@pytest.mark.timeout(240)
async def test_killed_parts_lose_and_repeat_nothing(installation: Installation) -> None:
    await lose_and_repeat_nothing(2, 8, installation)


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_parts_killed_for_long_lose_and_repeat_nothing(needs: None, tmp_path: Path) -> None:
    async with started(tmp_path) as fresh:
        await lose_and_repeat_nothing(int(os.environ.get("CAUCE_KILL_ROUNDS", "10")), 50, fresh)


@pytest.mark.kill
async def test_answer_given_while_api_and_temporal_are_killed_is_not_lost(installation: Installation) -> None:
    async with opened(installation) as desk:
        case = await received(desk, Leads().fresh(), {"contact": By("ana", answers.contact("refuses", "close"))})
        task = await case.task("contact")
        # The first use of a token is noted in the store.
        read(await desk["ana"].get("/me"))
        # While the store takes no writes, the instance cannot get further than to what it does to the inbox.
        with closing(sqlite3.connect(installation.data_dir / "cauce.db", isolation_level=None)) as store:
            store.execute("BEGIN IMMEDIATE")
            answering = asyncio.create_task(desk.complete(task["id"], "ana", answers.contact("refuses", "close")))
            await asyncio.sleep(1)
            await asyncio.gather(kill(installation, "api"), kill(installation, "temporal"))
            store.execute("ROLLBACK")
        await asyncio.gather(answering, return_exceptions=True)
        await patiently(Staff(desk, Allowance()), desk[overseer], "GET", "/tasks")
        # Ana was told nothing: it has worked, or she finds the task and can do it again.
        found = await case.go()
        assert (found["output"]["outcome"], await case.done()) == ("lost", ["contact"])


async def lose_and_repeat_nothing(rounds: int, number: int, installation: Installation) -> None:
    """Kill each part in each round while so many leads are under way, and compare what came of them."""
    leads = chosen(number)
    # Each lead that is won has five tasks or more; some of them are left when the last round begins.
    share = 4 * len([lead for lead in leads if lead.ends_in_order]) / (rounds * len(parts))
    dice = random.Random(int(os.environ.get("CAUCE_KILL_SEED", "7")))  # noqa: S311 - repeatable, not secret
    async with opened(installation) as desk:
        people = Staff(desk, Allowance())
        working = [asyncio.create_task(people.work()) for _ in range(6)]
        try:
            await asyncio.gather(*(send(people, lead) for lead in leads))
            for _ in range(rounds):
                for part in parts:
                    people.allowance.add(share)
                    await at_work(people, working, dice.uniform(0, share))
                    await kill(installation, part)
            people.allowance.add(math.inf)
            await all_ended(people, working, number)
        finally:
            for each in working:
                each.cancel()
            await asyncio.gather(*working, return_exceptions=True)
        assert people.troubles > 0, "no kill was noticed by anybody"
        assert all(count >= rounds for count in installation.restarts.values())
        await nothing_is_lost_or_repeated(people, leads, installation)


async def send(people: Staff, lead: Lead) -> None:
    """Send the event of a lead until it has started an instance; the same event twice is one."""
    headers = {"content-type": "application/cloudevents+json"}
    client = people.desk[overseer]
    while True:
        receipt = read(await patiently(people, client, "POST", "/events", json=lead.event(), headers=headers))
        if [each["state"] for each in receipt["caused"]] == ["started"]:
            return
        await asyncio.sleep(0.3)


async def kill(installation: Installation, part: str) -> None:
    """Kill one part, and wait until it was started again."""
    # A worker that is started while Temporal is down ends by itself, and is started again as well.
    pid = await another_pid(installation, part, None)
    os.kill(pid, signal.SIGKILL)
    await another_pid(installation, part, pid)


async def another_pid(installation: Installation, part: str, before: int | None) -> int:
    """Wait until a part runs in another process than before, and return that."""
    deadline = time.monotonic() + 60
    while (pid := installation.pid(part)) in {None, before}:
        assert time.monotonic() < deadline, f"{part} was not started again"
        await asyncio.sleep(0.05)
    assert pid is not None
    return pid


async def at_work(people: Staff, working: Sequence["asyncio.Task[None]"], left: float) -> None:
    """Wait until the staff has only so many of its tasks left, which it does not reach while anything is down."""
    deadline = time.monotonic() + 120
    while people.allowance.left > max(left, 1):
        fail_early(working)
        assert time.monotonic() < deadline, "the staff cannot work"
        await asyncio.sleep(0.02)


def fail_early(working: Sequence["asyncio.Task[None]"]) -> None:
    for each in working:
        if each.done():
            each.result()


async def all_ended(people: Staff, working: Sequence["asyncio.Task[None]"], number: int) -> None:
    """Wait until no instance is under way."""
    deadline = time.monotonic() + 60 + 5 * number
    while True:
        fail_early(working)
        answer = await patiently(people, people.desk[overseer], "GET", "/instances", params={"status": "open"})
        if not (left := answer.json()["items"]):
            return
        if time.monotonic() > deadline:
            stuck = [await people.desk.instance(each["id"]) for each in left]
            pytest.fail(f"still under way: {[(each['summary'], each['state'].get('current')) for each in stuck]}")
        await asyncio.sleep(0.5)


async def nothing_is_lost_or_repeated(people: Staff, leads: Sequence[Lead], installation: Installation) -> None:
    """Compare what the instances, the inbox and the ERP say with what the leads were to become."""
    instances = [await people.desk.instance(f"{process}/{lead.id}") for lead in leads]
    assert [each["summary"]["status"] for each in instances] == ["completed"] * len(leads), [
        each["problem"] for each in instances
    ]
    outputs = [each["output"] for each in instances]
    won = {lead.id for lead in leads if lead.ends_in_order}
    assert {output["lead"] for output in outputs if output["outcome"] == "won"} == won

    orders = installation.erp.orders()
    assert Counter(each.reference for each in orders) == Counter(f"opp:{lead}:v1" for lead in won)
    assert {each.status for each in orders} == {"confirmed"}
    assert {each.number for each in orders} == {output["order"] for output in outputs if "order" in output}

    tasks = [(each["summary"]["id"], task) for each in instances for task in each["human_tasks"]]
    # None of these courses comes to the same task twice.
    assert Counter((instance, task["reference"]) for instance, task in tasks).most_common(1)[0][1] == 1
    assert {task["state"] for _, task in tasks} == {"completed"}
    assert {task["id"] for _, task in tasks} == people.completed
    assert read(await people.desk[overseer].get("/tasks"))["items"] == []
