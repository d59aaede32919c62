"""`call: human-task`: a person is asked, and the process waits for the answer."""

import asyncio
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final

from cauce.contract import JSON, CloseTask, HumanTask
from workflows import approvals, going_back
from workflows.assigning import asked
from workflows.evaluation import deadline
from workflows.fault import fault
from workflows.instance import Frame
from workflows.model import HumanTaskCall
from workflows.policies import Wanted, wanted
from workflows.tasks import head_start, ladder

_PRIORITY: Final = 50
_HIGHEST: Final = 100
# What a task remembers while a person has it.
_KEPT: Final = ("token", "form", "excluded", "instead", "approvals", "ladder", "expires", "returnTo")


async def execute(task: HumanTaskCall, frame: Frame, data: JSON) -> JSON:
    """Put the task into the inbox and wait; the output is `{answer, by, at}`, and more with approvals."""
    if "form" not in frame.state:
        found = await wanted(task, frame, data)
        opened = _human_task(task, frame, found, data)
        patched = partial(frame.instance.runtime.patched, "approvals-at-once")
        counted = approvals.begun(found.arguments.get("approvals"), found.approves, opened, at_once=patched)
        await ask(
            frame, opened, **_remembered(frame, found, opened, data), **({"approvals": counted} if counted else {})
        )
    return await answered(frame)


async def ask(frame: Frame, wanted: HumanTask, **more: JSON) -> None:
    """Put a task into the inbox; `more` is remembered until the answer has come."""
    instance, state = frame.instance, frame.state
    for each in approvals.rows(wanted, more.get("approvals")):
        await instance.effect(instance.runtime.open_task(each))
    state.update(form=wanted.form, excluded=wanted.different_from, **more)
    instance.wait_for_answer(state)


async def answered(frame: Frame) -> dict[str, JSON]:
    """Wait for the answer to the task in the inbox, as `{answer, by, at}`."""
    instance, state, id_ = frame.instance, frame.state, frame.token()
    ids = approvals.ids(state.get("approvals"), id_)
    try:
        answer = await _awaited(frame, id_)
    except asyncio.CancelledError:
        # The scope is over (time limit, sibling's error, cancelled instance): the person must not find it any more.
        for each in ids:
            await instance.effect(instance.runtime.close_task(CloseTask(each, "cancelled")))
        raise
    finally:
        for each in ids:
            instance.open_tasks.pop(each, None)
        # If anything fails from here on, another attempt asks again.
        for key in _KEPT:
            state.pop(key, None)
    behalf = answer.pop("behalf", [])
    if "returnTo" in answer:
        raise going_back.way_back(frame, answer)
    if answer["by"] is not None:
        others = [each["by"] for each in answer.get("answers", ()) if each["by"] != answer["by"]]
        instance.journal.performed(frame.task.common.name, answer["by"], [*others, *behalf], frame.path)
    return answer


async def _awaited(frame: Frame, id_: str) -> dict[str, JSON]:
    """Wait for the answer, and do meanwhile what happens to a task that is left lying."""
    instance, state = frame.instance, frame.state
    while True:
        at = _next_moment(state)
        if at is None:
            return await instance.answer(id_)
        left = max(at - instance.runtime.time(), 0.0)
        try:
            with instance.alarm(left):
                async with asyncio.timeout(left):
                    return await instance.answer(id_)
        except TimeoutError:
            if instance.must_pause():
                await instance.pause()
        if id_ in instance.journal.answers:
            continue
        steps = state.get("ladder")
        if not steps or _next_step(state) > at:
            return await _expired(frame, id_)
        for change in ladder.changes(approvals.waiting(state.get("approvals"), id_), steps[0][1], state["excluded"]):
            await instance.effect(instance.runtime.change_task(change))
        instance.note_way(frame.task.common.reference, "escalated")
        steps.pop(0)


def _next_moment(state: dict[str, JSON]) -> float | None:
    """Return when the next thing happens to a task that is left lying."""
    at = min(_next_step(state), state["expires"]["at"] if "expires" in state else math.inf)
    return None if math.isinf(at) else at


def _next_step(state: dict[str, JSON]) -> float:
    steps = state.get("ladder")
    return float(steps[0][0]) if steps else math.inf


async def _expired(frame: Frame, id_: str) -> dict[str, JSON]:
    """Take a task out of the inbox that nobody did in time; returns the answer for that case, or raises a timeout."""
    instance, state = frame.instance, frame.state
    reference, expires = frame.task.common.reference, state["expires"]
    # First, so that no answer is taken that nobody would read.
    ids = approvals.waiting(state.get("approvals"), id_)
    for each in ids:
        instance.open_tasks.pop(each, None)
    for each in ids:
        await instance.effect(instance.runtime.close_task(CloseTask(each, "expired")))
    instance.note_way(reference, "expired")
    if "answer" not in expires:
        raise fault("timeout", "Nobody did the task in time.", instance=reference, title="Expired", code="expired")
    at = datetime.fromtimestamp(expires["at"], UTC).isoformat()
    counted = state.get("approvals")
    answers = {"answers": approvals.answers(counted), "approved": False} if counted else {}
    return {"answer": expires["answer"], "by": None, "at": at, "expired": True, **answers}


def _priority(given: Mapping[str, JSON]) -> int:
    asked_for = given.get("priority")
    return max(0, min(round(asked_for), _HIGHEST)) if isinstance(asked_for, int | float) else _PRIORITY


def _human_task(task: HumanTaskCall, frame: Frame, found: Wanted, data: JSON) -> HumanTask:
    instance, reference, given = frame.instance, task.common.reference, found.arguments
    rules = asked(given.get("assign"), found.wheres, instance.journal.performers, task.common.name, reference)
    # Who is named outright needs no choosing: a group's members, or one person.
    plain = len(rules) == 1 and len(rules[0]) == 1
    due_at = _due(frame, found)
    follow_up = ladder.moment_of(given.get("followUp"), found.calendars.get("followUp"), frame, data, "followUp.at")
    expires_at = ladder.moment_of(given.get("expires"), found.calendars.get("expires"), frame, data, "expires.at")
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
        priority=_priority(given),
        due_at=due_at.isoformat() if due_at else None,
        different_from=instance.journal.doers(given.get("differentFrom") or [], frame.path),
        business_key=instance.business_key,
        assign=[] if plain else rules,
        at=instance.runtime.now().isoformat(),
        policy=given.get("policy") or "",
        # What comes back after it is due would be late when it is seen.
        follow_up_at=min(follow_up, due_at or follow_up).isoformat() if follow_up else None,
        expires_at=expires_at.isoformat() if expires_at else None,
        return_to=[name for name in given.get("returnTo") or () if going_back.place_of(frame, name)],
        returned=going_back.told(frame),
        severity=head_start.severity_of(given.get("severity")),
        value=head_start.value_of(given.get("value")),
        leads=head_start.leads(due_at, found.calendar),
        ancestors=list(instance.journal.ancestors),
    )


def _remembered(frame: Frame, found: Wanted, opened: HumanTask, data: JSON) -> dict[str, JSON]:
    """Return what the task has to remember of its life until the answer has come."""
    given = found.arguments
    due_at = datetime.fromisoformat(opened.due_at) if opened.due_at else None
    kept: dict[str, JSON] = {
        "ladder": ladder.steps(given.get("escalate"), due_at, found.calendar, frame, data),
        "returnTo": opened.return_to,
    }
    if opened.expires_at:
        told = {"answer": given["expires"]["answer"]} if "answer" in given["expires"] else {}
        kept["expires"] = {"at": datetime.fromisoformat(opened.expires_at).timestamp(), **told}
    return {key: value for key, value in kept.items() if value}


def _due(frame: Frame, found: Wanted) -> datetime | None:
    due, reference = found.arguments.get("due"), frame.task.common.reference
    if isinstance(due, dict) and due.get("at"):
        return ladder.moment_of({"at": due["at"]}, None, frame, None, "due.at")
    if found.due_after is None:
        return None
    return deadline(found.due_after, found.calendar, found.due_data, frame.names(), frame.instance.runtime, reference)
