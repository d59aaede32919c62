"""`call: human-task`: a person is asked, and the process waits for the answer."""

import asyncio
from datetime import UTC, datetime

from cauce.contract import JSON, CloseTask, HumanTask
from workflows.evaluation import deadline, evaluate
from workflows.fault import fault
from workflows.instance import Frame, OpenTask
from workflows.model import HumanTaskCall


async def execute(task: HumanTaskCall, frame: Frame, data: JSON) -> JSON:
    """Put the task into the inbox and wait; the output is `{answer, by, at}`."""
    instance = frame.instance
    state = frame.state
    given = evaluate(task.arguments, data, frame.names(), task.common.reference)
    performers = instance.journal.performers
    excluded = [performers[name] for name in given.get("differentFrom") or [] if name in performers]
    id_ = frame.token()
    if "open" not in state:
        wanted = _human_task(task, frame, given, excluded)
        await _open(frame, wanted)
        state["open"] = True
    instance.open_tasks[id_] = OpenTask(task, excluded)
    try:
        answer = await instance.answer(id_)
    except asyncio.CancelledError:
        # The scope is over (time limit, sibling's error, cancelled instance): the person must not find it any more.
        await instance.runtime.close_task(CloseTask(id_, "cancelled"))
        instance.journal.states.pop(frame.path, None)
        raise
    finally:
        instance.open_tasks.pop(id_, None)
    performers[task.common.name] = answer["by"]
    return answer


async def _open(frame: Frame, wanted: HumanTask) -> None:
    frame.instance.in_flight += 1
    try:
        await frame.instance.runtime.open_task(wanted)
    finally:
        frame.instance.in_flight -= 1


def _human_task(task: HumanTaskCall, frame: Frame, given: dict[str, JSON], excluded: list[str]) -> HumanTask:
    instance, reference = frame.instance, task.common.reference
    assign = given.get("assign") or {}
    if not assign.get("group") and not assign.get("user"):
        raise fault("configuration", "A human task needs `assign.group` or `assign.user`.", instance=reference)
    return HumanTask(
        id=frame.token(),
        instance=instance.runtime.instance_id,
        definition=instance.process.title,
        version=instance.process.version,
        name=task.common.name,
        reference=reference,
        form=task.form,
        title=given.get("title") or task.form_document.get("title") or task.common.name,
        form_document=dict(task.form_document),
        data=given.get("data"),
        group=assign.get("group"),
        user=assign.get("user"),
        priority=int(given.get("priority", 50)),
        due_at=_due(task, frame, given),
        different_from=excluded,
        business_key=instance.key,
    )


def _due(task: HumanTaskCall, frame: Frame, given: dict[str, JSON]) -> str | None:
    runtime = frame.instance.runtime
    due = given.get("due") or {}
    if due.get("at"):
        return str(due["at"])
    if task.due_after is None:
        return None
    left = deadline(task.due_after, runtime, runtime.time(), frame.names(), frame.input)
    return datetime.fromtimestamp(runtime.time() + left, UTC).isoformat()
