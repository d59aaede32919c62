"""Lifecycle events of the standard: noted where something happens, written together when the instance comes to rest.

Notes are part of the journal until they are written, and their ids follow from what they tell; so whatever is killed,
each is in the log once.
"""

import json
import uuid
from typing import Final, Literal

from cauce.contract import JSON
from workflows.journal import Journal
from workflows.model import Process
from workflows.names import moment
from workflows.runtime import Runtime

Level = Literal["off", "workflow", "all"]
PREFIX: Final = "io.serverlessworkflow"
# What somebody gave or made may be large, and the log is no place for it; a reader can ask for the instance.
LARGEST_DATA: Final = 16_000
# So many notes are written although the instance is busy.
MOST_NOTES: Final = 100


class Lifecycle:
    """What is to be told of one instance."""

    def __init__(self, level: str, process: Process, key: str, journal: Journal, runtime: Runtime) -> None:
        self.level = level
        self.writing = False
        self._journal = journal
        self._runtime = runtime
        self._process = process
        self._name = f"{process.name}-{key or runtime.instance_id.partition('/')[2]}.{process.namespace}"

    @property
    def pending(self) -> list[JSON]:
        """The events that are not written yet."""
        pending: list[JSON] = self._journal.lifecycle.setdefault("pending", [])
        return pending

    @property
    def status(self) -> str:
        """The status that was told last."""
        return str(self._journal.lifecycle.get("status", "running"))

    def workflow(self, what: str, moment_name: str, **data: JSON) -> None:
        """Note something about the instance."""
        if self.level != "off":
            self._note(f"workflow.{what}", "/", {"name": self._name, moment_name: self._now(), **data})

    def task(self, reference: str, what: str, moment_name: str, **data: JSON) -> None:
        """Note something about a task."""
        if self.level == "all":
            head = {"workflow": self._name, "task": reference, moment_name: self._now()}
            self._note(f"task.{what}", reference, head | data)

    def begins(self) -> None:
        """Note that the instance starts."""
        process = self._process
        definition = {"name": process.name, "namespace": process.namespace, "version": process.version}
        self.workflow("started", "startedAt", definition=definition)
        self._status_changed("running")

    def goes(self, status: str) -> None:
        """Note what the status is now, if it is another than before."""
        if status != self.status:
            self._journal.lifecycle["status"] = status
            self._status_changed(status)

    def task_begins(self, reference: str) -> None:
        """Note that a task begins; there is no time between its creation and its start."""
        self._wake()
        self.task(reference, "created", "createdAt")
        self.task(reference, "started", "startedAt")
        self._task_status(reference, "running")

    def task_ends(
        self, reference: str, status: Literal["completed", "faulted", "cancelled"], data: JSON = None
    ) -> None:
        """Note how a task ended, with its output or its error."""
        self._wake()
        if self.level == "all":
            self.task(reference, status, f"{status}At", **_small(status, data))
            self._task_status(reference, status)

    def task_retried(self, reference: str) -> None:
        """Note that a task is tried again."""
        self._wake()
        self.task(reference, "retried", "retriedAt")

    def correlation_begins(self) -> None:
        """Note that a listener begins to hold events against each other."""
        self.workflow("correlation-started", "startedAt")

    def correlation_ends(self, keys: JSON) -> None:
        """Note that a listener has its events, with the values that they have in common, if it asked for any."""
        self._wake()
        self.workflow("correlation-completed", "completedAt", **({"correlationKeys": keys} if keys else {}))

    def suspended(self, references: list[str]) -> None:
        """Note that somebody suspended the instance, and with it the tasks that are open."""
        self.workflow("suspended", "suspendedAt")
        self.goes("suspended")
        self._journal.lifecycle["suspended"] = references
        for reference in references:
            self.task(reference, "suspended", "suspendedAt")
            self._task_status(reference, "suspended")

    def resumed(self, references: list[str]) -> None:
        """Note that somebody resumed it, and those of the tasks that are still open."""
        self.workflow("resumed", "resumedAt")
        self.goes("running")
        for reference in self._journal.lifecycle.pop("suspended", []):
            if reference in references:
                self.task(reference, "resumed", "resumedAt")
                self._task_status(reference, "running")

    def ends(self, status: Literal["completed", "faulted", "cancelled"], data: JSON = None) -> None:
        """Note how the instance ended, with its output or its error."""
        if self.level != "off":
            self.workflow(status, f"{status}At", **_small(status, data))
        self.goes(status)

    async def write(self) -> None:
        """Write what is pending into the log."""
        self.writing = True
        try:
            while batch := self.pending[:MOST_NOTES]:
                await self._runtime.record_lifecycle(batch)
                del self.pending[: len(batch)]
        finally:
            self.writing = False

    def _wake(self) -> None:
        """Note that an instance which waited, or had failed, goes on: something happens to its tasks."""
        if self.status in {"waiting", "faulted"}:
            self.goes("running")

    def _status_changed(self, status: str) -> None:
        self.workflow("status-changed", "updatedAt", status=status)

    def _task_status(self, reference: str, status: str) -> None:
        self.task(reference, "status-changed", "updatedAt", status=status)

    def _note(self, what: str, reference: str, data: dict[str, JSON]) -> None:
        counts: dict[str, int] = self._journal.lifecycle.setdefault("counts", {})
        key = f"{what} {reference}"
        counts[key] = counts.get(key, 0) + 1
        event = {
            "specversion": "1.0",
            # Not by one counter for all: after a crash, branches may come in another order than before.
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._journal.origin} {key} {counts[key]}")),
            "source": f"urn:cauce:{self._process.title}",
            "type": f"{PREFIX}.{what}.v1",
            "subject": self._runtime.instance_id,
            "time": self._now(),
            "datacontenttype": "application/json",
            "data": data,
        }
        self.pending.append(event)

    def _now(self) -> str:
        return str(moment(self._runtime.time())["iso8601"])


def _small(status: str, data: JSON) -> dict[str, JSON]:
    """Return the output or error as it is told; an output that is too large is left out, an error is cut short."""
    if status == "faulted":
        return {"error": data if _fits(data) else {name: data.get(name) for name in ("type", "status", "title")}}
    return {"output": data} if data is not None and _fits(data) else {}


def _fits(data: JSON) -> bool:
    return len(json.dumps(data)) <= LARGEST_DATA
