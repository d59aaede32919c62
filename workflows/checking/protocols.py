"""Checks the arguments of calls that name an address themselves: their endpoints, and what each protocol wants."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from schemas import guess
from workflows.checking.authentication import check_authentication
from workflows.checking.events import check_foreach
from workflows.checking.references import reference_of
from workflows.checking.resources import check_resource
from workflows.checking.texts import IN_TASK, check_bare, check_value
from workflows.checking.unsupported import refuse
from workflows.checking.walk import Around, Process

JSON = Any
# What each method of the Model Context Protocol needs to be told.
_MCP_NEEDS: Final = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
# The same of A2A, by how the method begins.
_A2A_NEEDS: Final = {"message/": "message", "tasks/get": "id", "tasks/cancel": "id", "tasks/resubscribe": "id"}
_SPOKEN: Final = ("http", "mqtt", "mqtt5", "ws")
_MCP_VERSIONS: Final = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")


def check_protocol(process: Process, pointer: str, task: Mapping[str, JSON], around: Around) -> None:
    """Check the arguments of a call in a protocol of its own."""
    _CHECKS[task["call"]](process, f"{pointer}/with", task["with"])
    subscription = task["with"].get("subscription")
    if subscription is not None:
        _check_subscription(process, pointer, task, around)


def without_subscription(given: JSON) -> JSON:
    """Return the arguments of a call without those that are looked at for each message."""
    if not isinstance(given, dict) or not isinstance(given.get("subscription"), dict):
        return given
    return {name: each for name, each in given.items() if name != "subscription"}


def _check_subscription(process: Process, pointer: str, task: Mapping[str, JSON], around: Around) -> None:
    report, subscription = process.report, task["with"]["subscription"]
    place, consume = f"{pointer}/with/subscription", subscription["consume"]
    scope = process.scope("a subscription", IN_TASK, around)
    check_bare(report, f"{place}/filter", subscription.get("filter"), scope)
    for key in ("while", "until"):
        check_bare(report, f"{place}/consume/{key}", consume.get(key), scope)
    check_value(report, f"{place}/consume/for", consume.get("for"), scope)
    if "for" not in consume and "timeout" not in task and not around.timed:
        hint = "Say how long with `for`, or give the task a `timeout`, unless it may wait for ever."
        report.key("no-time-limit", f"{place}/consume", "Nothing ends this task when no message comes.", hint)
    if "foreach" in subscription:
        check_foreach(process, f"{place}/foreach", subscription["foreach"], around)


def _check_asyncapi(process: Process, pointer: str, given: Mapping[str, JSON]) -> None:
    check_description(process, f"{pointer}/document", given["document"], "AsyncAPI document")
    check_authentication(process, f"{pointer}/authentication", given.get("authentication"))
    protocol = given.get("protocol", "http")
    if "server" not in given and protocol not in _SPOKEN:
        refuse(process.report, f"{pointer}/protocol", f"The protocol `{protocol}`", f"use {', '.join(_SPOKEN)}.")


def check_endpoint(process: Process, pointer: str, endpoint: JSON) -> None:
    """Check how an endpoint is logged in to."""
    if isinstance(endpoint, dict):
        check_authentication(process, f"{pointer}/authentication", endpoint.get("authentication"))


def _check_mcp(process: Process, pointer: str, given: Mapping[str, JSON]) -> None:
    transport, report = given["transport"], process.report
    if "http" in transport:
        check_endpoint(process, f"{pointer}/transport/http/endpoint", transport["http"]["endpoint"])
    if transport.get("options"):
        refuse(report, f"{pointer}/transport/options", "An option of a transport", "leave it out.")
    wanted = given.get("protocolVersion", _MCP_VERSIONS[0])
    if "${" not in wanted and wanted not in _MCP_VERSIONS:
        problem = f"Cauce does not speak version `{wanted}` of the protocol{guess(wanted, _MCP_VERSIONS)}"
        report.value("contract", f"{pointer}/protocolVersion", problem, f"It speaks {', '.join(_MCP_VERSIONS)}.")
    _check_parameters(process, pointer, given)
    needed = _MCP_NEEDS.get(given["method"])
    parameters = given.get("parameters")
    if needed and not isinstance(parameters, str) and needed not in (parameters or {}):
        hint = f"Write `parameters: {{{needed}: …}}`."
        report.value("contract", f"{pointer}/method", f"`{given['method']}` needs to be told the `{needed}`.", hint)


def _check_parameters(process: Process, pointer: str, given: Mapping[str, JSON]) -> None:
    """Check that parameters written as text are an expression, because only an object can be sent."""
    text = given.get("parameters")
    if isinstance(text, str) and not (text.strip().startswith("${") and text.strip().endswith("}")):
        hint = "Write an object, or one expression in ${ } that gives one."
        process.report.value("contract", f"{pointer}/parameters", "Text cannot be the parameters of a call.", hint)


def _check_grpc(process: Process, pointer: str, given: Mapping[str, JSON]) -> None:
    check_description(process, f"{pointer}/proto", given["proto"], "proto file")
    check_authentication(process, f"{pointer}/service/authentication", given["service"].get("authentication"))


def _check_a2a(process: Process, pointer: str, given: Mapping[str, JSON]) -> None:
    report = process.report
    if "agentCard" not in given and "server" not in given:
        hint = "Write `agentCard: {endpoint: …}`, or `server: …`."
        report.value("contract", f"{pointer}/method", "Nothing says where the agent is.", hint)
    check_endpoint(process, f"{pointer}/server", given.get("server"))
    if "agentCard" in given:
        check_endpoint(process, f"{pointer}/agentCard/endpoint", given["agentCard"]["endpoint"])
    _check_parameters(process, pointer, given)
    parameters, method = given.get("parameters"), given["method"]
    needed = next((name for start, name in _A2A_NEEDS.items() if method.startswith(start)), None)
    if needed and not isinstance(parameters, str) and needed not in (parameters or {}):
        hint = f"Write `parameters: {{{needed}: …}}`."
        report.value("contract", f"{pointer}/method", f"`{method}` needs to be told the `{needed}`.", hint)


def check_description(process: Process, pointer: str, resource: Mapping[str, JSON], what: str) -> None:
    """Check where a service is described; a file lies among the definitions of the environment that publishes."""
    reference = reference_of(resource, pointer)
    if reference is None or not str(reference.uri).startswith("file:"):
        check_resource(process, pointer, resource, what)


def _check_openapi(process: Process, pointer: str, given: Mapping[str, JSON]) -> None:
    check_resource(process, f"{pointer}/document", given["document"], "OpenAPI document")
    check_authentication(process, f"{pointer}/authentication", given.get("authentication"))
    if "${" in given["operationId"]:
        problem = "The operation has to be written out: it is looked up when the process is published."
        process.report.value("resource", f"{pointer}/operationId", problem, "Write its id, or use a switch.")


_CHECKS: Final[Mapping[str, Callable[[Process, str, Mapping[str, JSON]], None]]] = {
    "a2a": _check_a2a,
    "asyncapi": _check_asyncapi,
    "grpc": _check_grpc,
    "mcp": _check_mcp,
    "openapi": _check_openapi,
}
PROTOCOLS: Final = frozenset(_CHECKS)
