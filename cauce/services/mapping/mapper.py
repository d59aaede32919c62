"""The mapping of an operation, as its page shows it: both sides, the expressions between them, and what they give."""

import json
from dataclasses import dataclass
from typing import Any, Final, Literal

from cauce import connection as connections
from cauce.capabilities import shipped
from cauce.errors import ConflictError
from cauce.services import published
from cauce.services.definitions import Published, publish
from cauce.services.differences import Contract, Difference, differences
from cauce.services.hub import Actor, Hub
from cauce.services.mapping.examples import example
from cauce.services.mapping.remote import remote_of
from cauce.services.mapping.shapes import Field, schema_of, tree, unknown_fields
from cauce.services.mapping.suggesting import Suggestion, suggest
from cauce.services.mapping.writing import snippet, with_mapping
from cauce.services.recordings import samples
from cauce.services.trials import Trial, tried
from cauce.store import definitions
from cauce.store.models import Definition
from schemas import load_yaml

JSON = Any
Way = Literal["request", "response"]
WAYS: Final[tuple[Way, ...]] = ("request", "response")
_MOST_DIFFERENCES: Final = 50


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed: expressions and samples; None where nothing was, so that what is known is taken."""

    request: str | None = None
    response: str | None = None
    request_sample: str | None = None
    response_sample: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What an expression gives for the sample: the outputs, or what is wrong; and how that fits what is wanted.

    `unknown` are the fields that the contract does not speak of: most often a name that was mistyped.
    """

    trial: Trial
    checked: bool
    differences: tuple[Difference, ...]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Side:
    """One way through an operation: from the fields that are given to those that are wanted."""

    way: Way
    given: tuple[Field, ...]
    wanted: tuple[Field, ...]
    problem: str
    expression: str
    sample: str
    recorded: bool
    suggestion: Suggestion
    preview: Preview


@dataclass(frozen=True, slots=True)
class MappingView:
    """The mapping of an operation; `capability` is the one whose contract is ours, if the operation belongs to one."""

    connection: str
    title: JSON
    version: str
    operation: str
    calls: str
    capability: str
    sides: tuple[Side, ...]
    snippet: str


def require(actor: Actor) -> None:
    """Raise ForbiddenError unless the actor may map."""
    actor.require("map connections", "integrator")


async def mapping(hub: Hub, actor: Actor, name: str, operation: str, typed: Typed, apply: str = "") -> MappingView:
    """Return the mapping of an operation with what somebody typed; `apply` takes the suggestion for one way.

    Raises:
        NotFoundError: There is no such connection or operation.
    """
    require(actor)
    row = await _row(hub, name)
    body = connections.parse(row.document).operation(operation)
    capability, ours = await _ours(hub, row, operation)
    remote = await remote_of(hub, row, operation)
    async with hub.store.read() as db:
        recorded = [each for each in await samples(db, name, operation) if each.error is None]
    newest = recorded[0] if recorded else None
    request = await _side(
        _Way("request", ours[0], remote.input, remote.problem, newest.given if newest else None),
        body.request if typed.request is None else typed.request,
        typed.request_sample,
        use=apply == "request",
    )
    response = await _side(
        _Way("response", remote.output, ours[1], remote.problem, newest.response if newest else None),
        body.response if typed.response is None else typed.response,
        typed.response_sample,
        use=apply == "response",
    )
    copied = snippet(operation, request.expression, response.expression)
    title = row.document.get("title")
    sides = (request, response)
    return MappingView(name, title, row.version, operation, body.calls, capability, sides, copied)


async def save(hub: Hub, actor: Actor, name: str, operation: str, typed: Typed, version: str) -> Published:
    """Publish the connection with this mapping.

    Raises:
        ConflictError: Somebody has published another version since the page was shown.
        DefinitionError: The connection would be wrong.
    """
    require(actor)
    row = await _row(hub, name)
    if row.version != version:
        hint = "Open the page again, and change that version."
        raise ConflictError(f"Version {row.version} of '{name}' was published meanwhile.", hint=hint)
    connections.parse(row.document).operation(operation)
    text = with_mapping(row.source, operation, typed.request or "", typed.response or "")
    return (await publish(hub, actor, [load_yaml(text, f"{name}.yaml")]))[0]


@dataclass(frozen=True, slots=True)
class _Way:
    """The schemas of both ends, why that of the other system is not known, and data that was recorded."""

    name: Way
    given: JSON
    wanted: JSON
    problem: str
    recorded: JSON


async def _side(way: _Way, expression: str, sample: str | None, *, use: bool) -> Side:
    given, wanted = way.given, way.wanted
    known = _shown(example(given) if way.recorded is None else way.recorded)
    text = known if sample is None else sample
    if given is None:
        given = schema_of(_read(text))
    fields, targets = tree(given), tree(wanted)
    suggestion = suggest(targets, fields)
    chosen = suggestion.expression if use and targets else expression.replace("\r\n", "\n")
    trial, value = await tried(chosen or ".", text)
    found: tuple[Difference, ...] = ()
    unknown: tuple[str, ...] = ()
    if not trial.problem and wanted is not None:
        found = differences(Contract(wanted, value), value)[:_MOST_DIFFERENCES]
        unknown = unknown_fields(wanted, value)[:_MOST_DIFFERENCES]
    preview = Preview(trial, wanted is not None and not trial.problem, found, unknown)
    remote = way.wanted if way.name == "request" else way.given
    recorded = way.recorded is not None and text == known
    problem = way.problem if remote is None else ""
    return Side(way.name, fields, targets, problem, chosen, text, recorded, suggestion, preview)


async def _ours(hub: Hub, row: Definition, operation: str) -> tuple[str, tuple[JSON, JSON]]:
    """Return the contract that processes rely on: a capability's, else what the connection itself says."""
    async with hub.store.read() as db:
        known = {**shipped(), **{each.name: each.document for each in await definitions.latest(db, "capability")}}
    for name in row.document.get("implements") or ():
        asked = (known.get(name) or {"operations": {}})["operations"].get(operation)
        if asked is not None:
            return name, (asked["input"], asked["output"])
    body = row.document["operations"][operation]
    return "", (body.get("input"), body.get("output"))


async def _row(hub: Hub, name: str) -> Definition:
    async with hub.store.read() as db:
        return await published.connection(db, name)


def _shown(value: JSON) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, indent=2)


def _read(text: str) -> JSON:
    try:
        return json.loads(text) if text.strip() else None
    except (ValueError, RecursionError):
        return None
