"""`call: grpc`: one call of a method of a service."""

from cauce.contract import JSON, ProtocolCall
from workflows.fault import fault
from workflows.instance import Frame
from workflows.model import ProtocolTask


def prepare(given: dict[str, JSON], task: ProtocolTask, frame: Frame) -> ProtocolCall:
    """Return the call; nothing says that a method only reads, so it is made once."""
    del frame
    arguments = given.get("arguments") or {}
    if not isinstance(arguments, dict):
        raise fault("configuration", "`with.arguments` must give an object.", instance=task.common.reference)
    described = {"service": given["service"], "method": given["method"], "proto": task.description}
    return ProtocolCall("grpc", {**described, "arguments": arguments}, lasts=True)
