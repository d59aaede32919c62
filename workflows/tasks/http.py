"""`call: http`: one HTTP exchange."""

import re
from urllib.parse import quote

from cauce.contract import JSON, HttpCall
from workflows.evaluation import evaluate
from workflows.fault import Fault, fault
from workflows.instance import Frame
from workflows.model import HttpTask

_VARIABLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")


async def execute(task: HttpTask, frame: Frame, data: JSON) -> JSON:
    """Make the exchange; a status outside 2xx (or 3xx when redirects are fine) is a communication error."""
    reference = task.common.reference
    given = evaluate(task.arguments, data, frame.names(), reference)
    endpoint = given.get("endpoint")
    authentication = None
    if isinstance(endpoint, dict):
        authentication, endpoint = endpoint.get("authentication"), endpoint.get("uri")
    if not isinstance(endpoint, str):
        raise fault("configuration", "`with.endpoint` must give an address.", instance=reference)
    call = HttpCall(
        method=str(given["method"]).upper(),
        uri=expand(endpoint, data),
        headers={name: _text(value) for name, value in (given.get("headers") or {}).items()},
        query=given.get("query") or {},
        body=given.get("body"),
        output=given.get("output", "content"),
        redirect=bool(given.get("redirect", False)),
        authentication=authentication,
        secrets=list(task.secrets),
        nonce=frame.instance.journal.origin,
    )
    outcome = await frame.instance.call_http(call)
    if outcome.error is not None:
        raise Fault({**outcome.error, "instance": reference})
    return outcome.output


def expand(template: str, data: JSON) -> str:
    """Fill in a URI template's simple variables from the task's input; those it lacks become empty."""

    def value(match: re.Match[str]) -> str:
        met = data
        for key in match.group(1).split("."):
            met = met.get(key) if isinstance(met, dict) else None
        return "" if met is None else quote(_text(met), safe="")

    return _VARIABLE.sub(value, template)


def _text(value: JSON) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
