"""Reads test files with the definitions beside them, and runs their cases at the same time on one server."""

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from temporalio.client import Client
from temporalio.testing import TimeSkipper, TimeSkippingConfig
from temporalio.worker import PollerBehaviorAutoscaling, Worker

from cauce import contract, single
from cauce import settings as environment
from cauce.contract import Start
from cauce.errors import CauceError
from cauce.serving import BUILD
from cauce.testing.case import Case, TestFile
from cauce.testing.course import Course, Guide
from cauce.testing.matching import Difference
from cauce.testing.recordings import Library, Replays
from cauce.testing.session import CaseFailure, Session, no_policy
from cauce.testing.stubs import Stubs
from cauce.testing.verdict import differences
from cauce.testing.watching import Watch
from workflows.checking.walk import listens
from workflows.process_workflow import ProcessWorkflow

JSON = Any
_AT_ONCE: Final = 8
_LET_FINISH: Final = timedelta(milliseconds=100)


@dataclass(frozen=True, slots=True)
class Planned:
    """A case that is going to be run: its file, the bundle of the process under test, recordings, and policies."""

    file: TestFile
    case: Case
    bundle: Mapping[str, JSON]
    library: Library
    policy: Callable[[str, str], JSON] = no_policy


@dataclass(slots=True)
class Result:
    """How a case went: it passed when there is neither a failure nor a difference."""

    planned: Planned
    session: Session
    course: Course
    failure: str = ""
    differences: list[Difference] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.failure and not self.differences


@dataclass(frozen=True, slots=True)
class Place:
    """Where cases run: a server, a worker whose activities are stubs, and what it remembers of those that ended."""

    client: Client
    queue: str
    stubs: Stubs
    watch: Watch

    async def run(self, planned: Planned, processes: Mapping[str, JSON], finds: Mapping[str, str]) -> Result:
        """Run one case."""
        session = Session(planned.case, planned.bundle, processes, finds, Replays(planned.library), planned.policy)
        result = Result(planned, session, Course())
        begun = time.monotonic()
        try:
            result.course = await self._course(session)
        except (CaseFailure, CauceError) as failure:
            result.failure = str(failure)
        # What went wrong first is what a person has to know; the rest may follow from it.
        result.failure = session.failure or result.failure
        if not result.failure:
            result.differences = differences(session, result.course)
        result.seconds = time.monotonic() - begun
        return result

    async def _course(self, session: Session) -> Course:
        """Start the instance of a case and take it to its end."""
        case, bundle = session.case, session.bundle
        title = f"{bundle['namespace']}.{bundle['name']}"
        id_ = f"{title}/{uuid.uuid4()}"
        self.stubs.sessions[id_] = session
        by_itself = _skips_by_itself(case, bundle)
        # One skip a jump: on a busy machine the end of a jump passes while the instance still deals with what was due
        # there, and the server would go on to the next timer, past the answers of people.
        skips = TimeSkippingConfig(enabled=by_itself, max_session_skip_count=0 if by_itself else 1)
        skipper = TimeSkipper(self.client, config=skips)
        self.watch.changed[id_] = session.changed
        handle = await skipper.client.start_workflow(
            title, args=[bundle, Start(case.input, case.key, trace=True)], id=id_, task_queue=self.queue
        )
        course = await Guide(session, handle, skipper, self.watch, by_itself=by_itself).go()
        snapshot = self.watch.ended.pop(id_, None)
        if snapshot is not None and course.status != "waiting":
            course.state, course.journal, course.took_s = snapshot.state, snapshot.journal, snapshot.took_s
        return course


async def run(
    planned: Sequence[Planned], processes: Mapping[str, JSON], finds: Mapping[str, str]
) -> AsyncIterator[Result]:
    """Run cases at the same time; yields how each went, in the order given."""
    # What a sub-process writes to counts, too, also when the process under test has nothing to do with it.
    bundles = [*(each.bundle for each in planned), *processes.values()]
    async with place({name for bundle in bundles for name in bundle.get("operations") or ()}) as here:
        free = asyncio.Semaphore(_AT_ONCE)

        async def one(each: Planned) -> Result:
            async with free:
                return await here.run(each, processes, finds)

        running = [asyncio.create_task(one(each)) for each in planned]
        try:
            for each in running:
                yield await each
        finally:
            for each in running:
                each.cancel()
            await asyncio.gather(*running, return_exceptions=True)


def _workers(client: Client, queue: str, others: Sequence[str], stubs: Stubs, watch: Watch) -> Iterator[Worker]:
    """Yield the worker of the processes, then one for each queue of what they write."""
    yield Worker(
        client,
        task_queue=queue,
        workflows=[ProcessWorkflow],
        activities=[stubs.answer],
        interceptors=[watch],
        workflow_runner=watch.runner,
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(minimum=2, maximum=10, initial=4),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(minimum=2, maximum=10, initial=4),
        graceful_shutdown_timeout=_LET_FINISH,
        deployment_config=BUILD,
    )
    for name in others:
        yield Worker(
            client,
            task_queue=name,
            activities=[stubs.answer],
            graceful_shutdown_timeout=_LET_FINISH,
            deployment_config=BUILD,
        )


@asynccontextmanager
async def place(operations: Collection[str]) -> AsyncIterator[Place]:
    """Start a server and a worker for processes that call these operations."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(single.empty_store())
        client = await stack.enter_async_context(single.server("time-skipping", store, environment.load()))
        stack.enter_context(_quiet())
        queue, stubs, watch = f"{contract.TASK_QUEUE}-test", Stubs(), Watch()

        async def root_of(instance: str) -> str | None:
            description = await client.get_workflow_handle(instance).describe()
            return description.root_id

        stubs.find = root_of
        connections = {name.partition("@")[2] for name in operations if "@" in name}
        queues = [contract.run_queue(queue), *(f"{queue}-{name}" for name in sorted(connections))]
        for each in _workers(client, queue, queues, stubs, watch):
            await stack.enter_async_context(each)
        yield Place(client, queue, stubs, watch)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the SDK from logging every call that a test does not answer; the report says it in words."""
    log = logging.getLogger("temporalio.activity")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def _skips_by_itself(case: Case, bundle: Mapping[str, JSON]) -> bool:
    """Tell whether time may pass without anybody looking: nobody answers, nothing arrives, nothing is looked at."""
    expect = case.expect
    alone = not bundle.get("forms") and not listens(bundle["document"]) and not expect.get("moments")
    return alone and case.status != "waiting"
