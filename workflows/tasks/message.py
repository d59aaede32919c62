"""`call: render` and `call: notify`: messages made of templates, and people told."""

import asyncio

from cauce.contract import JSON, OperationCall, Outcome, ProtocolCall
from workflows.evaluation import evaluate_object
from workflows.fault import Fault
from workflows.instance import Frame, cancellations
from workflows.model import Mail, NotifyTask, RenderTask
from workflows.tasks.operation import token_of


async def render(task: RenderTask, frame: Frame, data: JSON) -> JSON:
    """Make the message; the output is `{subject, text}`, `{subject, html, text}` or `{subject, file}`."""
    given = evaluate_object(task.arguments, data, frame.names(), task.common.reference, "`with`")
    return await _ask("render", {**given, "data": given.get("data", data), "template": task.template}, frame)


async def notify(task: NotifyTask, frame: Frame, data: JSON) -> JSON:
    """Tell people; the output is `{people}` for the inbox, and for mail what the mail operation answers."""
    reference = task.common.reference
    given = evaluate_object(task.arguments, data, frame.names(), reference, "`with`")
    # As with any write: another attempt goes under the same name, and whoever has it gets it once.
    token = token_of(frame)
    wanted = {
        **given,
        "data": given.get("data", data),
        "template": task.template,
        "mail": task.mail is not None,
        "id": token,
        "instance": frame.instance.runtime.instance_id,
    }
    told = await _ask("notify", wanted, frame)
    if task.mail is None:
        return told
    files = {"attachments": given["attachments"]} if given.get("attachments") else {}
    return await _send(task.mail, frame, {**told, **files, "key": token}, token)


async def _send(mail: Mail, frame: Frame, params: dict[str, JSON], token: str) -> JSON:
    call = OperationCall(
        connection=mail.connection,
        operation=mail.operation,
        params=params,
        instance=frame.instance.runtime.instance_id,
        reference=frame.task.common.reference,
        token=token,
        effect="write",
        files=True,
    )
    cancelled = cancellations()
    outcome = await frame.instance.call(call, mail.timeout_s)
    if cancellations() > cancelled:
        raise asyncio.CancelledError
    return _output(outcome, frame)


async def _ask(what: str, arguments: dict[str, JSON], frame: Frame) -> JSON:
    call = ProtocolCall(what, arguments, frame.task.common.reference, effect="read")
    return _output(await frame.instance.effect(frame.instance.runtime.call_protocol(call)), frame)


def _output(outcome: Outcome, frame: Frame) -> JSON:
    if outcome.error is not None:
        raise Fault({**outcome.error, "instance": frame.task.common.reference})
    return outcome.output
