"""The workflow behind `schedule.after`: starts an instance, waits until it has closed, waits the delay, and again.

There is one per process, so that nothing starts twice whoever dies in between. What to start it looks up each time, so
that the latest version rules; when that asks for no `after` any more, it ends.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ChildWorkflowError
from temporalio.workflow import ChildWorkflowCancellationType, ParentClosePolicy

from cauce import contract
from cauce.contract import JSON, FindDefinition, Repeat, Start
from workflows.durations import length
from workflows.temporal_runtime import keyword

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# A process that fails at once must not keep a worker busy for ever.
_SHORTEST: Final = timedelta(seconds=1)
_FIND_LIMIT: Final = timedelta(seconds=20)


@workflow.defn(name=contract.REPEAT)
class RepeatWorkflow:
    """Repeats one process."""

    @workflow.init
    def __init__(self, repeat: Repeat) -> None:
        self.repeat = repeat
        self.next_at: datetime | None = None
        self._news = asyncio.Event()

    @workflow.run
    async def run(self, repeat: Repeat) -> None:
        """Start one instance when its time has come, and go on in a new run when it has closed."""
        del repeat  # `__init__` has it, and signals may have changed it since
        bundle = await self._due()
        if bundle is None:
            return
        await self._instance(bundle)
        workflow.continue_as_new(replace(self.repeat, closed_at=workflow.time()))

    @workflow.signal(name=contract.REPEAT_NEWS)
    def news(self, start: Start, paused: bool) -> None:  # noqa: FBT001 - as a signal's arguments are
        """Take note that a version was published or retired, or that somebody paused or resumed."""
        self.repeat = replace(self.repeat, start=start, paused=paused)
        self._news.set()

    @workflow.query(name=contract.REPEAT_NEXT)
    def next_start(self) -> str | None:
        """Return when the next instance starts; None while one runs, or in a pause."""
        return None if self.next_at is None or self.repeat.paused else self.next_at.isoformat()

    async def _due(self) -> JSON:
        """Return what to start, as soon as it is to be started; None when it is not to be any more."""
        while True:
            self._news.clear()
            wanted = FindDefinition(self.repeat.namespace, self.repeat.name, "latest")
            bundle = await workflow.execute_local_activity(
                contract.FIND_DEFINITION, wanted, start_to_close_timeout=_FIND_LIMIT
            )
            after = ((bundle or {}).get("document", {}).get("schedule") or {}).get("after")
            if after is None:
                return None
            left = self._left(after)
            if left <= timedelta() and not self.repeat.paused:
                return bundle
            try:
                await asyncio.wait_for(self._news.wait(), None if self.repeat.paused else left.total_seconds())
            except TimeoutError:
                continue

    def _left(self, after: JSON) -> timedelta:
        if self.repeat.closed_at is None:
            return timedelta()
        closed = datetime.fromtimestamp(self.repeat.closed_at, UTC)
        self.next_at = closed + max(_SHORTEST, length(after, _EPOCH))
        return self.next_at - workflow.now()

    async def _instance(self, bundle: JSON) -> None:
        self.next_at = None
        title = f"{bundle['namespace']}.{bundle['name']}"
        moment = workflow.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        attributes = {contract.DEFINITION: title, contract.VERSION: bundle["version"], contract.STATUS: "running"}
        child = await workflow.start_child_workflow(
            title,
            args=[bundle, self.repeat.start],
            id=f"{title}/after-{moment}",
            search_attributes=TypedSearchAttributes(
                [SearchAttributePair(keyword(name), value) for name, value in attributes.items()]
            ),
            # Whatever becomes of this workflow, the instance is one like any other.
            parent_close_policy=ParentClosePolicy.ABANDON,
            cancellation_type=ChildWorkflowCancellationType.ABANDON,
        )
        try:
            await child
        except ChildWorkflowError:
            # However it closed, the next one comes: who does not want that pauses the schedule.
            return
