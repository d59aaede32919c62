"""`call: http`: one HTTP exchange."""

from cauce.contract import JSON, HttpCall
from workflows.evaluation import evaluate_object
from workflows.fault import Fault, fault
from workflows.instance import Frame
from workflows.model import HttpTask


async def execute(task: HttpTask, frame: Frame, data: JSON) -> JSON:
    """Make the exchange; a status outside 2xx (or 3xx when redirects are fine) is a communication error."""
    reference = task.common.reference
    given = evaluate_object(task.arguments, data, frame.names(), reference, "`with`")
    endpoint = given.get("endpoint")
    authentication = None
    if isinstance(endpoint, dict):
        authentication, endpoint = endpoint.get("authentication"), endpoint.get("uri")
    if not isinstance(endpoint, str):
        raise fault("configuration", "`with.endpoint` must give an address.", instance=reference)
    headers, query = _pairs(given, "headers", reference), _pairs(given, "query", reference)
    call = HttpCall(
        method=str(given.get("method")).upper(),
        uri=endpoint,
        headers={name: _text(value) for name, value in headers.items()},
        query=query,
        body=given.get("body"),
        output=given.get("output", "content"),
        redirect=bool(given.get("redirect", False)),
        authentication=authentication,
        secrets=list(task.secrets),
        nonce=frame.instance.journal.origin,
        reference=reference,
    )
    return await made(call, frame)


async def made(call: HttpCall, frame: Frame) -> JSON:
    """Have an exchange made; what goes wrong is an error that points to the task."""
    outcome = await frame.instance.effect(frame.instance.runtime.call_http(call))
    if outcome.error is not None:
        raise Fault({**outcome.error, "instance": frame.task.common.reference})
    return outcome.output


def _pairs(given: dict[str, JSON], key: str, reference: str) -> dict[str, JSON]:
    value = given.get(key) or {}
    if not isinstance(value, dict):
        raise fault("configuration", f"`with.{key}` must be an object.", instance=reference)
    return value


def _text(value: JSON) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
