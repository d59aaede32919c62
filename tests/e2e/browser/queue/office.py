"""An office whose clock can be moved: engine, worker, store and pages in one thread, and a ledger that can be down."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvicorn
from aiohttp import web
from sqlalchemy import update
from temporalio.client import WorkflowHandle
from temporalio.testing import TimeSkipper

from activities.connections import Connections
from api.app import create_app
from cauce import single
from cauce.contract import Start
from cauce.errors import PermanentError
from cauce.services import definitions, users
from cauce.services.hub import Actor
from cauce.services.roadmaps import running as running_roadmaps
from cauce.settings import load
from cauce.store import dead_letters
from cauce.store.base import utc_now
from cauce.store.dead_letters import NewLetter
from cauce.store.migrations import upgrade
from cauce.store.models import Lookup
from cauce.store.session import Store
from schemas import load_file, load_yaml
from tests.e2e.browser import seed
from tests.e2e.browser.queue import large
from tests.integration.syncs.conftest import MAPPING, SOURCE, put

PASSWORD = "office-password-4711"  # noqa: S105 - of a store that lives as long as a test
HERE = Path(__file__).parent / "definitions"
SHIPPED = Path(__file__).parents[4] / "definitions"
BOSS = Actor("admin", frozenset({"admin"}))
IDLE = "document: {{dsl: '1.0.3', namespace: roadmap, name: {}, version: 1.0.0}}\ndo: [{{a: {{set: {{n: 1}}}}}}]\n"
PEOPLE = {
    "ana": (["staff"], ["desk"]),
    "luis": (["staff"], ["desk"]),
    "marta": (["staff", "manager"], ["desk", "leads"]),
    "admin": (["admin"], ["desk"]),
}
LEDGER = """\
connection: ledger
kind: http
settings: {{base_url: '{origin}'}}
operations:
  find-credit: {{calls: GET /credit, effect: read}}
"""


@dataclass(slots=True)
class Office:
    """What the tests see of it, from their own thread."""

    loop: asyncio.AbstractEventLoop
    bench: single.Bench
    site: str = ""
    ledger_is_up: bool = True
    _instances: dict[str, tuple[WorkflowHandle[Any, Any], TimeSkipper | None]] = field(default_factory=dict)

    def start(self, customer: str) -> str:
        """Start a refund; returns the id of its instance."""
        instance: str = self._done(self._start(customer))
        return instance

    def let_pass(self, instance: str, time: timedelta) -> None:
        """Let time pass for an instance."""
        handle, skipper = self._instances[instance]
        assert skipper is not None
        self._done(skipper.fast_forward(handle, time))

    def output(self, instance: str) -> Any:
        """Wait for the end of an instance."""
        return self._done(self._instances[instance][0].result())

    def take_ledger_down(self) -> None:
        """Have the ledger answer nobody; what it said before is an hour old."""
        self.ledger_is_up = False
        self._done(self._age())

    def fill(self) -> None:
        """Put something into every list: definitions, a sync, tasks, and what a connection has refused."""
        self._done(self._fill())

    def start_large(self) -> None:
        """Start a roadmap of 2,000 activities."""
        self._done(large.start(self.bench.hub))

    async def _fill(self) -> None:
        hub = self.bench.hub
        await seed.fill_definitions(hub)
        # Nothing runs it: where it would read from is not there.
        sync = {"sync": "customers", "title": "Customers", "source": SOURCE, "mapping": MAPPING}
        await put(hub.store, "sync", "customers", {**sync, "target": {"upsert": "put@new"}})
        error = PermanentError("The order does not add up.", remote_code="422")
        async with hub.store.transaction() as db:
            await dead_letters.add(db, NewLetter("event-sink", "erp", "1", {"id": "1"}, error, "create-order"))

    async def _age(self) -> None:
        async with self.bench.hub.store.transaction() as db:
            await db.execute(update(Lookup).values(at=utc_now() - timedelta(hours=1)))

    async def _start(self, customer: str) -> str:
        found = await definitions.definition(self.bench.hub, "office.refund")
        handle, skipper = await self.bench.start(found.bundle, Start({"customer": customer}, key=customer))
        self._instances[handle.id] = handle, skipper
        return handle.id

    def _done(self, work: Coroutine[Any, Any, Any]) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(work, self.loop)
        return future.result(timeout=60)

    async def answer_of_ledger(self, _: web.Request) -> web.Response:
        return web.json_response({"limit": 5000}) if self.ledger_is_up else web.Response(status=503)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Office]:
    """Open the office in this loop."""
    settings = load(data_dir=folder)
    await asyncio.to_thread(upgrade, settings.store_url)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(Store(settings.store_url))
        bench = await stack.enter_async_context(single.bench(settings, "time-skipping", store))
        connections = Connections(store, bench.hub.resolver)
        stack.push_async_callback(connections.close)
        office = Office(asyncio.get_running_loop(), replace(bench, hub=replace(bench.hub, connections=connections)))
        for name, (roles, groups) in PEOPLE.items():
            await users.ensure_user(bench.hub, name, PASSWORD, roles=roles, groups=groups)
        origin = await stack.enter_async_context(_ledger(office))
        texts = {path.name: path.read_text() for path in sorted(HERE.iterdir())}
        texts["ledger.yaml"] = LEDGER.format(origin=origin)
        # What the roadmap's activities start; none of them is reached.
        texts |= {f"{name}.yaml": IDLE.format(name) for name in ("check-inherited", "train", "cut-over")}
        shipped = [SHIPPED / file for file in ("calendars/office-madrid.yaml", "roadmaps/branch-waves.yaml")]
        sources = [load_yaml(text, name) for name, text in texts.items()]
        await definitions.publish(bench.hub, BOSS, [*sources, *(load_file(file) for file in shipped)])
        # Before anybody moves the clock: it runs by that of everybody else.
        await running_roadmaps.start(bench.hub, BOSS, "branch-waves", key="1")
        yield office


@asynccontextmanager
async def _ledger(office: Office) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/credit", office.answer_of_ledger)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@contextmanager
def running(folder: Path) -> Iterator[Office]:
    """Run the office in a thread of its own, because playwright's loop runs in that of the tests."""
    ready: Future[Office] = Future()
    over = threading.Event()

    async def work() -> None:
        async with opened(folder) as office:
            app = create_app(office.bench.hub.settings, office.bench.hub)
            with socket.create_server(("127.0.0.1", 0)) as listening:
                office.site = f"http://127.0.0.1:{listening.getsockname()[1]}"
                server = uvicorn.Server(uvicorn.Config(app, log_config=None))
                serving = asyncio.create_task(server.serve(sockets=[listening]))
                # Whoever asks before it serves waits at the socket.
                ready.set_result(office)
                await asyncio.to_thread(over.wait)
                server.should_exit = True
                await serving

    def run() -> None:
        try:
            asyncio.run(work())
        except BaseException as error:  # noqa: BLE001 - told to whoever waits
            if not ready.done():
                ready.set_exception(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield ready.result(timeout=60)
    finally:
        over.set()
        thread.join(timeout=30)
