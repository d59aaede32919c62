"""`call: mcp`: one request to a server of the Model Context Protocol."""

from typing import Final

from cauce.contract import JSON, ProtocolCall
from cauce.errors import ExpressionError
from workflows import durations
from workflows.fault import fault
from workflows.instance import Frame
from workflows.model import ProtocolTask

# What the reference names as the default.
VERSION: Final = "2025-06-18"
_LIMIT_S: Final = 60.0


def prepare(given: dict[str, JSON], task: ProtocolTask, frame: Frame) -> ProtocolCall:
    """Return the call; only a tool may change something."""
    reference = task.common.reference
    transport, parameters = given.get("transport"), given.get("parameters")
    if not isinstance(transport, dict):
        raise fault("configuration", "`with.transport` must be an object.", instance=reference)
    if parameters is not None and not isinstance(parameters, dict):
        raise fault("configuration", "`with.parameters` must give an object.", instance=reference)
    return ProtocolCall(
        "mcp",
        {
            "method": given["method"],
            "parameters": parameters,
            "transport": transport,
            "protocolVersion": given.get("protocolVersion", VERSION),
            "client": given.get("client"),
        },
        effect="write" if given["method"] == "tools/call" else "read",
        lasts="stdio" in transport,
        timeout_s=_seconds(given.get("timeout"), frame),
    )


def _seconds(timeout: JSON, frame: Frame) -> float:
    if timeout is None:
        return _LIMIT_S
    try:
        return durations.length(timeout, frame.instance.runtime.now()).total_seconds()
    except ExpressionError as error:
        raise fault("expression", error.problem, instance=frame.task.common.reference, code=error.code) from error
