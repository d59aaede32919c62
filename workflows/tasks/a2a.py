"""`call: a2a`: one request to an agent."""

from typing import Final

from cauce.contract import JSON, ProtocolCall
from workflows.fault import fault
from workflows.instance import Frame
from workflows.model import ProtocolTask

# Agents think for a while; a `timeout` of the task ends it sooner.
_LIMIT_S: Final = 300.0
_MESSAGES: Final = frozenset({"message/send", "message/stream"})
_READS: Final = frozenset(
    {
        "tasks/get",
        "tasks/list",
        "tasks/resubscribe",
        "tasks/pushNotificationConfig/get",
        "tasks/pushNotificationConfig/list",
        "agent/getAuthenticatedExtendedCard",
    }
)


def prepare(given: dict[str, JSON], task: ProtocolTask, frame: Frame) -> ProtocolCall:
    """Return the call; a message has an id of its own, the same however often it is sent."""
    reference, parameters, method = task.common.reference, given.get("parameters"), given["method"]
    if parameters is not None and not isinstance(parameters, dict):
        raise fault("configuration", "`with.parameters` must give an object.", instance=reference)
    if method in _MESSAGES:
        parameters = parameters or {}
        message = parameters.get("message", {})
        if not isinstance(message, dict):
            raise fault("configuration", "`with.parameters.message` must be an object.", instance=reference)
        usual = {"kind": "message", "messageId": frame.token(), "role": "user"}
        parameters = {**parameters, "message": {**usual, **message}}
    card = given.get("agentCard")
    endpoint = card["endpoint"] if isinstance(card, dict) else given.get("server")
    if endpoint is None:
        raise fault("configuration", "An agent needs `agentCard` or `server`.", instance=reference)
    return ProtocolCall(
        "a2a",
        {"method": method, "parameters": parameters, "endpoint": endpoint, "isCard": card is not None},
        effect="read" if method in _READS else "write",
        lasts=True,
        timeout_s=_LIMIT_S,
    )
