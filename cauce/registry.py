"""Finds connector kinds without importing them, loads one on use, and opens connections.

A kind is a folder below `connectors/`; an installed package adds one through the entry-point group
`cauce.connectors`.
"""

import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, PackageMetadata, entry_points
from importlib.resources import files
from importlib.util import find_spec
from typing import Any, Protocol, cast

from pydantic import ValidationError

from cauce.connection import Connection, did_you_mean
from cauce.connector import JSON, BaseConnector, BaseSettings
from cauce.errors import CauceError, DefinitionError, NotFoundError, SettingsError
from cauce.importing import Describe, Importer
from cauce.limits import Gate, Limited
from cauce.receiving import Receiver

group = "cauce.connectors"


class Kind(Protocol):
    """What the module of a kind exports."""

    __name__: str
    Settings: type[BaseSettings]
    Connector: type[BaseConnector[Any]]


class Resolver(Protocol):
    """Gives the values that settings refer to; raises `SettingsError` for what it does not have."""

    def secret(self, name: str) -> str:
        """Return the secret of this name."""

    def setting(self, name: str) -> JSON:
        """Return this environment's setting of this name."""


def kinds() -> list[str]:
    """Return the names of all kinds, without importing any."""
    return sorted({*_folders(), *_entry_points()})


@cache
def load(kind: str) -> Kind:
    """Import a kind and return its module."""
    if kind in _folders():
        module = import_module(f"connectors.{kind}")
    elif entry := _entry_points().get(kind):
        module = entry.load()
    else:
        raise NotFoundError(f"There is no connector kind {kind!r}.", hint=did_you_mean(kind, kinds()))
    missing = [name for name in ("Settings", "Connector") if not hasattr(module, name)]
    if missing:
        raise DefinitionError(
            f"Connector kind {kind!r} does not export {' and '.join(missing)}.", hint="See docs/add-a-connector.md."
        )
    return cast("Kind", module)


@cache
def importer(kind: str) -> Importer | None:
    """Return what reads contracts for a kind: the module `importing` of its package; None when it has none."""
    module = load(kind)
    name = f"{module.__name__}.importing"
    if not hasattr(module, "__path__") or find_spec(name) is None:
        return None
    return cast("Importer", import_module(name))


def describer(kind: str) -> Describe | None:
    """Return what reads the contract of a kind's connections again; None when it has nothing that does."""
    return cast("Describe | None", getattr(importer(kind), "describe", None))


def documentation(kind: str) -> str:
    """Return the text in which a kind is described: the table of the folders, or the readme of its package."""
    if kind in _folders():
        return files("connectors").joinpath("README.md").read_text(encoding="utf-8")
    entry = _entry_points().get(kind)
    about: PackageMetadata | None = entry.dist.metadata if entry and entry.dist else None
    return "" if about is None else str(about.json.get("description", ""))


def open_connection(connection: Connection, resolve: Resolver, gate: Gate | None = None) -> Limited:
    """Return the connector of a connection, held to its limits, which others share with a `gate`; nothing is sent."""
    connector = load(connection.kind).Connector(connection.name, _settings(connection, resolve))
    return Limited(connector, connection.limits, gate)


def receives(kind: str) -> bool:
    """Say whether systems outside can call connections of a kind: its package has a module `receiving`."""
    module = load(kind)
    return hasattr(module, "__path__") and find_spec(f"{module.__name__}.receiving") is not None


def open_receiver(connection: Connection, resolve: Resolver) -> Receiver:
    """Return what reads and answers the requests that come to a connection.

    Raises:
        NotFoundError: Nothing is received there.
    """
    if not connection.receives or not receives(connection.kind):
        raise NotFoundError(f"Connection {connection.name!r} receives nothing.")
    module = import_module(f"{load(connection.kind).__name__}.receiving")
    return cast("Receiver", module.Receiver(connection, _settings(connection, resolve)))


def settings_schema(kind: str) -> JSON:
    """Return the JSON Schema of a kind's settings, in which every value may also be a reference.

    Its annotation `cauceReceives` says whether systems outside can call connections of the kind.
    """
    schema = load(kind).Settings.model_json_schema()
    for holder in (schema, *schema.get("$defs", {}).values()):
        properties = holder.get("properties", {})
        for name, body in properties.items():
            shown = {key: body[key] for key in ("title", "description", "default") if key in body}
            properties[name] = {**shown, "anyOf": [body, {"$ref": "#/$defs/cauceReference"}]}
    schema.setdefault("$defs", {})["cauceReference"] = {
        "type": "object",
        "properties": {"secret": {"type": "string"}, "setting": {"type": "string"}},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    schema["cauceReceives"] = receives(kind)
    return schema


def _settings(connection: Connection, resolve: Resolver) -> BaseSettings:
    kind = load(connection.kind)
    values = _Values(connection.name, resolve)
    resolved = values.resolve(connection.settings, ("settings",))
    try:
        return kind.Settings.model_validate(resolved)
    except ValidationError as cause:
        # Not chained: pydantic's own text quotes the values, and a secret may be among them.
        raise _explain(connection, kind.Settings, cause, values.referred) from None


def _folders() -> frozenset[str]:
    folder = str(files("connectors"))
    return frozenset(module.name for module in pkgutil.iter_modules([folder]) if module.ispkg)


@cache
def _entry_points() -> Mapping[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=group)}


@dataclass(slots=True)
class _Values:
    """Resolves references, and remembers where they were: a wrong value there is the environment's fault."""

    connection: str
    resolver: Resolver
    referred: set[tuple[str, ...]] = field(default_factory=set)

    def resolve(self, value: JSON, place: tuple[str, ...]) -> JSON:
        if isinstance(value, Mapping):
            if len(value) == 1:
                ((word, name),) = value.items()
                if word in {"secret", "setting"} and isinstance(name, str):
                    return self._look_up(word, name, place)
            return {key: self.resolve(inner, (*place, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.resolve(inner, (*place, str(index))) for index, inner in enumerate(value)]
        return value

    def _look_up(self, word: str, name: str, place: tuple[str, ...]) -> JSON:
        self.referred.add(place)
        try:
            return self.resolver.secret(name) if word == "secret" else self.resolver.setting(name)
        except CauceError as cause:
            where = f"connection {self.connection}: {'.'.join(place)}"
            raise SettingsError(cause.problem, hint=cause.hint, where=where) from cause


def _explain(
    connection: Connection, settings: type[BaseSettings], cause: ValidationError, referred: set[tuple[str, ...]]
) -> CauceError:
    """Return the first thing wrong with the settings as an error without values."""
    first = cause.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ("settings", *(str(part) for part in first["loc"]))
    where = f"connection {connection.name}: {'.'.join(place)}"
    if first["type"] == "extra_forbidden":
        problem = f"Kind {connection.kind} has no setting {place[-1]!r}."
        known = list(settings.model_fields) if len(place) == len(("settings", "x")) else []
        return DefinitionError(problem, hint=did_you_mean(place[-1], known) if known else "Take it out.", where=where)
    if first["type"] == "missing":
        return DefinitionError(
            f"Kind {connection.kind} needs the setting {place[-1]!r}.",
            hint=f"Add it to settings: a value, {{secret: NAME}} or {{setting: NAME}}.{_describe(settings, place)}",
            where=where,
        )
    if any(place[: len(reference)] == reference for reference in referred):
        return SettingsError(
            f"The value this refers to does not fit: {first['msg']}.", hint="Set it for this environment.", where=where
        )
    return DefinitionError(
        f"This does not fit: {first['msg']}.", hint=f"Change it.{_describe(settings, place)}", where=where
    )


def _describe(settings: type[BaseSettings], place: tuple[str, ...]) -> str:
    """Return what the field is, in the words of its class."""
    names: Iterator[str] = iter(place[1:])
    known = settings.model_fields.get(next(names, ""))
    return f" It is {known.description}." if known and known.description else ""
