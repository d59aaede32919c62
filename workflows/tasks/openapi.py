"""`call: openapi`: one HTTP exchange, made of an operation's description and its parameters."""

from cauce.contract import JSON, HttpCall
from workflows.evaluation import evaluate_object
from workflows.fault import fault
from workflows.instance import Frame
from workflows.model import OpenApiTask
from workflows.openapi_request import ParametersError, request_of
from workflows.tasks import http


async def execute(task: OpenApiTask, frame: Frame, data: JSON) -> JSON:
    """Make the exchange; parameters that do not fit the operation are a validation error."""
    reference = task.common.reference
    given = evaluate_object(task.arguments, data, frame.names(), reference, "`with`")
    parameters = given.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise fault("configuration", "`with.parameters` must be an object.", instance=reference)
    try:
        request = request_of(task.operation, parameters)
    except ParametersError as error:
        raise fault("validation", str(error), instance=reference) from error
    call = HttpCall(
        method=task.operation["method"],
        uri=request.uri,
        headers=request.headers,
        query=request.query,
        body=request.body,
        output=given.get("output", "content"),
        redirect=bool(given.get("redirect", False)),
        authentication=given.get("authentication"),
        secrets=list(task.secrets),
        nonce=frame.instance.journal.origin,
        reference=reference,
    )
    return await http.made(call, frame)
