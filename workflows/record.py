"""What people are shown of an instance: where it is, and every task that ran."""

from cauce.contract import JSON
from workflows.instance import Frame, Instance
from workflows.journal import TRACE_LIMIT
from workflows.repair import open_tasks, resettable


def begin_record(frame: Frame, *, resumed: bool) -> dict[str, JSON]:
    """Note that a task began; one that is resumed goes on with its record."""
    trace, reference = frame.instance.journal.trace, frame.task.common.reference
    if not frame.recorded:
        return {}
    if resumed:
        for record in reversed(trace):
            same = record["reference"] == reference and record.get("path", frame.path) == frame.path
            if same and record["status"] == "running":
                return record
    if len(trace) >= TRACE_LIMIT and not frame.instance.keep_trace:
        del trace[: TRACE_LIMIT // 4]
    record = {
        "name": frame.task.common.name,
        "reference": reference,
        "path": frame.path,
        "status": "running",
        "startedAt": frame.started_at,
    }
    trace.append(record)
    return record


def state_of(instance: Instance) -> dict[str, JSON]:
    """Return what people are shown of the instance; `open` and `resettable` are what a repair can be about."""
    journal = instance.journal
    return {
        "status": _status(instance),
        "stage": journal.stage,
        "context": journal.context,
        "input": journal.input,
        "current": [record["reference"] for record in journal.trace if record["status"] == "running"],
        "tasks": journal.trace,
        "openTasks": list(instance.open_tasks),
        "listening": list(instance.inbox.listeners.values()),
        "open": open_tasks(journal),
        "resettable": list(resettable(journal)),
        "clocks": instance.clocks.views(),
        "problem": journal.problem,
        "busy": instance.in_flight > 0,
        "startedAt": journal.started_at,
        "now": instance.runtime.time(),
        "wakesAt": min(instance.alarms, default=None),
    }


def _status(instance: Instance) -> str:
    if instance.journal.problem is not None:
        return "faulted"
    return instance.at_rest
