"""A lead on its way, as the people around it see it."""

import asyncio
import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from demo.generator import generate
from demo.lead import Course, Lead
from demo.people import PEOPLE
from tests.e2e import answers
from tests.e2e.answers import By
from tests.e2e.desk import Desk, read

JSON = Any
process = "sales.lead-to-order"
_ended = frozenset({"completed", "faulted", "cancelled"})
_patience_s = 90.0
_look_every_s = 0.1


class Leads:
    """Leads of the demo company's sample, whose systems are made for them."""

    def __init__(self) -> None:
        world = generate()
        known = {company.tax_id for company in world.companies if company.number}
        winners = [lead for lead in world.leads if lead.course is Course.WON]
        self._world = world.leads
        self._regular = next(lead for lead in winners if lead.tax_id in known)
        self._count = itertools.count(9001)
        self.first_time_buyer = next(lead for lead in winners if lead.tax_id not in known)

    def of(self, course: Course, number: int = 0) -> Lead:
        """Return a lead that takes a course; the number says which of several."""
        return [lead for lead in self._world if lead.course is course][number]

    def fresh(self) -> Lead:
        """Return another lead from a customer with credit who wants what there is plenty of."""
        return replace(self._regular, id=f"L-{next(self._count)}")


@dataclass(slots=True)
class Case:
    """One instance of lead-to-order and what the people answer in it."""

    desk: Desk
    lead: Lead
    script: dict[str, list[By]]

    @property
    def id(self) -> str:
        """The id of the instance."""
        return f"{process}/{self.lead.id}"

    async def task(self, name: str) -> JSON:
        """Wait until a task with that name is open, and return it."""
        found = await self._next()
        assert found is not None, f"{self.id} ended before {name}: {await self._story()}"
        assert found["name"] == name, f"{self.id} waits for {found['name']}, not for {name}"
        return await self.desk.task(found["id"])

    async def go(self, until: str | None = None) -> JSON:
        """Let everybody do their tasks up to one that is left open and returned, or to the end of the instance."""
        while (found := await self._next()) is not None:
            name = found["name"]
            if name == until:
                return await self.desk.task(found["id"])
            assert name in self.script, f"{self.id}: nobody expected the task {name}"
            turns = self.script[name]
            by = turns.pop(0) if len(turns) > 1 else turns[0]
            # Where several groups are asked at once, each answers its own task.
            tasks = await self.desk.open_tasks(self.id)
            mine = next((each for each in tasks if each["name"] == name and each["group"] in _groups(by)), found)
            read(await self.desk.complete(mine["id"], by.person, by.answer))
        assert until is None, f"{self.id} ended before {until}: {await self._story()}"
        return await self.desk.instance(self.id)

    async def ended(self, status: str) -> JSON:
        """Wait until the instance has ended, without answering anything, and return it."""
        found = await self.until(*_ended)
        assert found["summary"]["status"] == status, await self._story()
        return found

    async def until(self, *statuses: str) -> JSON:
        """Wait until the instance has one of the statuses, and return it."""
        deadline = time.monotonic() + _patience_s
        while (found := await self.desk.instance(self.id))["summary"]["status"] not in statuses:
            assert time.monotonic() < deadline, await self._story()
            await asyncio.sleep(_look_every_s)
        return found

    async def done(self) -> list[str]:
        """Return the names of the human tasks that were completed, in the order they came up."""
        found = await self.desk.instance(self.id)
        assert not [each for each in found["human_tasks"] if each["closed_at"] is None]
        return [each["name"] for each in found["human_tasks"] if each["state"] == "completed"]

    async def _next(self) -> JSON | None:
        """Return the task that is open; None when the instance has ended."""
        deadline = time.monotonic() + _patience_s
        looks = 0
        while not (tasks := await self.desk.open_tasks(self.id)):
            looks += 1
            # Rarely, because the instance itself is asked for that.
            if looks % 4 == 0 and (await self.desk.instance(self.id))["summary"]["status"] in _ended:
                return None
            assert time.monotonic() < deadline, await self._story()
            await asyncio.sleep(_look_every_s)
        assert len({each["name"] for each in tasks}) == 1, tasks
        return tasks[0]

    async def _story(self) -> str:
        found = await self.desk.instance(self.id)
        state = found["state"]
        return f"{found['summary']['status']} at {state.get('current')}: {found['problem'] or state.get('problem')}"


def _groups(by: By) -> Sequence[str]:
    return next(each.groups for each in PEOPLE if each.name == by.person)


async def received(desk: Desk, lead: Lead, script: Mapping[str, By | Sequence[By]] | None = None) -> Case:
    """Send the event of a lead, and return its case; the script says what differs from a lead that goes well."""
    receipt = read(await desk.send(lead.event()))
    case = Case(desk, lead, answers.of(lead, script or {}))
    # What waits for such an event may be more than our process: tests publish others.
    assert (process, case.id, "started") in [
        (each["definition"], each["instance"], each["state"]) for each in receipt["caused"]
    ], receipt
    return case
