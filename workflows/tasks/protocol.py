"""Calls in protocols of their own: each protocol says what its call needs, the rest is the same for all."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from cauce.contract import JSON, ProtocolCall
from workflows.evaluation import evaluate_object
from workflows.fault import Fault
from workflows.instance import Frame
from workflows.model import ProtocolTask
from workflows.tasks import a2a, asyncapi, grpc, mcp

_Prepare = Callable[[dict[str, JSON], ProtocolTask, Frame], ProtocolCall]
_PROTOCOLS: Final[Mapping[str, _Prepare]] = {
    "a2a": a2a.prepare,
    "asyncapi": asyncapi.prepare,
    "grpc": grpc.prepare,
    "mcp": mcp.prepare,
}


async def execute(task: ProtocolTask, frame: Frame, data: JSON) -> JSON:
    """Make the call; what goes wrong is an error that points to the task."""
    given = evaluate_object(task.arguments, data, frame.names(), task.common.reference, "`with`")
    call = replace(
        _PROTOCOLS[task.protocol](given, task, frame),
        reference=task.common.reference,
        secrets=list(task.secrets),
        nonce=frame.instance.journal.origin,
    )
    outcome = await frame.instance.effect(frame.instance.runtime.call_protocol(call))
    if outcome.error is not None:
        raise Fault({**outcome.error, "instance": task.common.reference})
    return outcome.output
