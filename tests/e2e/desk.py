"""REST as the company's people use it: each logged in with a password, and with a token of their own."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from demo.people import PEOPLE
from tests.e2e.installation import Installation

JSON = Any
overseer = "oper"
_field = re.compile(r'name="csrf" value="([^"]+)"')
_look_every_s = 0.1


@dataclass(frozen=True, slots=True)
class Desk:
    """One client for each person; `oper` sees everything."""

    clients: Mapping[str, httpx.AsyncClient]

    def __getitem__(self, person: str) -> httpx.AsyncClient:
        return self.clients[person]

    async def send(self, event: JSON, by: str = overseer) -> httpx.Response:
        """Send an event."""
        headers = {"content-type": "application/cloudevents+json"}
        return await self[by].post("/events", json=event, headers=headers)

    async def complete(self, task: str, by: str, answer: JSON) -> httpx.Response:
        """Answer a task."""
        return await self[by].post(f"/tasks/{task}/complete", json={"answer": answer})

    async def open_tasks(self, instance: str) -> list[JSON]:
        """Return the tasks of an instance that wait for somebody."""
        answer = await self[overseer].get("/tasks", params={"instance": instance})
        items: list[JSON] = read(answer)["items"]
        return items

    async def task(self, task: str) -> JSON:
        """Return a task with everything that belongs to it."""
        return read(await self[overseer].get(f"/tasks/{task}"))

    async def instance(self, instance: str) -> JSON:
        """Return an instance."""
        return read(await self[overseer].get(f"/instances/{quote(instance)}"))

    async def act(self, instance: str, action: str, by: str = overseer) -> httpx.Response:
        """Do what an operator does."""
        return await self[by].post(f"/instances/{quote(instance)}/{action}")


def read(answer: httpx.Response) -> JSON:
    """Return what a request gave, which must have gone well."""
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    return answer.json()


@asynccontextmanager
async def opened(installation: Installation) -> AsyncIterator[Desk]:
    """Log everybody in."""
    async with AsyncExitStack() as all_clients:
        clients = {}
        for person in PEOPLE:
            token = await _token(installation.url, person.name, installation.password)
            client = httpx.AsyncClient(
                base_url=f"{installation.url}/api/v1",
                headers={"authorization": f"Bearer {token}"},
                timeout=30,
                trust_env=False,
            )
            clients[person.name] = await all_clients.enter_async_context(client)
        yield Desk(clients)


@asynccontextmanager
async def browser(url: str, name: str, password: str) -> AsyncIterator[httpx.AsyncClient]:
    """Log in through the page, and return what keeps the session."""
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:
        form = {"name": name, "password": password, "csrf": _csrf(await client.get("/login"))}
        answer = await client.post("/login", data=form)
        assert answer.status_code == 303, f"{answer.status_code} {answer.text}"
        yield client


async def _token(url: str, name: str, password: str) -> str:
    async with browser(url, name, password) as session:
        headers = {"x-csrf-token": _csrf(await session.get("/inbox"))}
        made = read(await session.post("/api/v1/tokens", json={"label": "tests"}, headers=headers))
        return str(made["token"])


def _csrf(page: httpx.Response) -> str:
    """Return the token in the forms of a page."""
    found = _field.search(page.text)
    assert found is not None, page.text
    return found[1]


async def until(condition: Any, patience_s: float = 60.0) -> Any:
    """Await `condition()` again and again until it gives something true, and return that."""
    deadline = time.monotonic() + patience_s
    while not (found := await condition()):
        assert time.monotonic() < deadline, "waited too long"
        await asyncio.sleep(_look_every_s)
    return found
