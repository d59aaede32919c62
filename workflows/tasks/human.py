"""`call: human-task`: a person is asked, and the process waits for the answer."""

import asyncio

from cauce.contract import JSON, CloseTask, HumanTask
from workflows.evaluation import deadline, evaluate_object
from workflows.fault import fault
from workflows.instance import Frame
from workflows.model import HumanTaskCall

_PRIORITY = 50


async def execute(task: HumanTaskCall, frame: Frame, data: JSON) -> JSON:
    """Put the task into the inbox and wait; the output is `{answer, by, at}`."""
    if "form" not in frame.state:
        await ask(frame, _human_task(task, frame, data))
    return await answered(frame)


async def ask(frame: Frame, wanted: HumanTask, **more: JSON) -> None:
    """Put a task into the inbox; `more` is remembered until the answer has come."""
    instance, state = frame.instance, frame.state
    await instance.effect(instance.runtime.open_task(wanted))
    state.update(form=wanted.form, excluded=wanted.different_from, **more)
    instance.wait_for_answer(state)


async def answered(frame: Frame) -> dict[str, JSON]:
    """Wait for the answer to the task in the inbox, as `{answer, by, at}`."""
    instance, state, id_ = frame.instance, frame.state, frame.token()
    try:
        answer = await instance.answer(id_)
    except asyncio.CancelledError:
        # The scope is over (time limit, sibling's error, cancelled instance): the person must not find it any more.
        await instance.effect(instance.runtime.close_task(CloseTask(id_, "cancelled")))
        raise
    finally:
        instance.open_tasks.pop(id_, None)
        # If anything fails from here on, another attempt asks again.
        for key in ("token", "form", "excluded", "instead"):
            state.pop(key, None)
    instance.journal.performers[frame.task.common.name] = answer["by"]
    return answer


def _human_task(task: HumanTaskCall, frame: Frame, data: JSON) -> HumanTask:
    instance, reference = frame.instance, task.common.reference
    given = evaluate_object(task.arguments, data, frame.names(), reference, "`with`")
    assign = given.get("assign")
    if not isinstance(assign, dict) or not (assign.get("group") or assign.get("user")):
        raise fault("configuration", "A human task needs `assign.group` or `assign.user`.", instance=reference)
    performers = instance.journal.performers
    priority = given.get("priority", _PRIORITY)
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
        priority=round(priority) if isinstance(priority, int | float) else _PRIORITY,
        due_at=_due(task, frame, given, data),
        different_from=[performers[name] for name in given.get("differentFrom") or [] if name in performers],
        business_key=instance.key,
    )


def _due(task: HumanTaskCall, frame: Frame, given: dict[str, JSON], data: JSON) -> str | None:
    runtime = frame.instance.runtime
    due = given.get("due")
    if isinstance(due, dict) and due.get("at"):
        return str(due["at"])
    if task.due_after is None:
        return None
    names, reference = frame.names(), task.common.reference
    return deadline(task.due_after, task.calendar, data, names, runtime, reference).isoformat()
