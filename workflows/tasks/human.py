"""`call: human-task`: a person is asked, and the process waits for the answer."""

import asyncio

from cauce.contract import JSON, CloseTask, HumanTask
from workflows.assigning import LAST, asked
from workflows.evaluation import deadline
from workflows.instance import Frame
from workflows.model import HumanTaskCall
from workflows.policies import Wanted, wanted

_PRIORITY = 50


async def execute(task: HumanTaskCall, frame: Frame, data: JSON) -> JSON:
    """Put the task into the inbox and wait; the output is `{answer, by, at}`."""
    if "form" not in frame.state:
        await ask(frame, _human_task(task, frame, await wanted(task, frame, data)))
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
    instance.journal.performers |= {frame.task.common.name: answer["by"], LAST: answer["by"]}
    return answer


def _human_task(task: HumanTaskCall, frame: Frame, wanted: Wanted) -> HumanTask:
    instance, reference, given = frame.instance, task.common.reference, wanted.arguments
    performers = instance.journal.performers
    rules = asked(given.get("assign"), wanted.wheres, performers, task.common.name, reference)
    # Who is named outright needs no choosing: a group's members, or one person.
    plain = len(rules) == 1 and len(rules[0]) == 1
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
        group=rules[-1].get("group"),
        user=rules[-1].get("user"),
        priority=round(priority) if isinstance(priority, int | float) else _PRIORITY,
        due_at=_due(frame, wanted, reference),
        different_from=[performers[name] for name in given.get("differentFrom") or [] if name in performers],
        business_key=instance.key,
        assign=[] if plain else rules,
        at=instance.runtime.now().isoformat(),
        policy=given.get("policy") or "",
    )


def _due(frame: Frame, wanted: Wanted, reference: str) -> str | None:
    due = wanted.arguments.get("due")
    if isinstance(due, dict) and due.get("at"):
        return str(due["at"])
    if wanted.due_after is None:
        return None
    runtime = frame.instance.runtime
    return deadline(wanted.due_after, wanted.calendar, wanted.due_data, frame.names(), runtime, reference).isoformat()
