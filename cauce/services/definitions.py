"""Definitions: checking files, publishing them together, and looking up what is published."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cauce import calendars
from cauce.capabilities import shipped
from cauce.errors import CauceError, ConflictError, DefinitionError, Finding, InputError, NotFoundError
from cauce.permissions import Thing
from cauce.services.hub import Actor, Hub, Role
from cauce.services.known import contracts, documents, full_name, known
from cauce.store import audit, definitions
from cauce.store.definitions import NewDefinition
from cauce.store.models import Definition
from cauce.store.session import Db
from cauce.sync import names_of
from schemas import Source, did_you_mean, findings_of, kind_of, load_file
from workflows.bundle import resolve
from workflows.checking import Known, check, world_of
from workflows.checking.known import World, bound

if TYPE_CHECKING:
    from cauce.services.resources import Pinning

JSON = Any
# What says how to reach the systems outside, which is the integrator's.
_OUTSIDE: Final = frozenset({"connection", "capability", "profile", "sync"})
_READERS: Final[tuple[Role, ...]] = ("designer", "integrator", "manager", "staff", "operator", "auditor")
suffixes = frozenset({".yaml", ".yml"})


@dataclass(frozen=True, slots=True)
class Published:
    """A published version; `new` when this publication made it.

    `outdated` when it was there before, and forms, tables or operations that it names have changed since: it keeps what
    it was published with until its version is raised.
    """

    kind: str
    full_name: str
    version: str
    digest: str
    new: bool
    outdated: bool = False


@dataclass(frozen=True, slots=True)
class DefinitionView:
    """A published version with all that belongs to it."""

    kind: str
    namespace: str
    name: str
    full_name: str
    version: str
    digest: str
    title: JSON
    source: str
    document: JSON
    bundle: JSON
    published_at: datetime
    published_by: str
    latest: bool
    active: bool


async def check_files(hub: Hub | None, paths: Sequence[Path]) -> list[Finding]:
    """Check files and folders together; with a hub, what is published there counts as known."""
    sources, findings = load(paths)
    return findings + check(sources, await known(hub) if hub else Known(capabilities=shipped()))


def load(paths: Sequence[Path]) -> tuple[list[Source], list[Finding]]:
    """Read definition files, and those in folders; what cannot be read becomes findings."""
    sources: list[Source] = []
    findings: list[Finding] = []
    for path in paths:
        files = sorted(each for each in path.rglob("*") if each.suffix in suffixes) if path.is_dir() else [path]
        for file in files:
            # The tests beside a definition have a schema of their own.
            if file.stem.endswith(".test") and path.is_dir():
                continue
            try:
                sources.append(load_file(file))
            except CauceError as error:
                findings += findings_of(error, str(file))
            except OSError as error:
                raise InputError(
                    f"The file {file} cannot be read: {error.strerror}.", hint="Check the path."
                ) from error
    return sources, findings


async def publish(hub: Hub, actor: Actor, sources: Sequence[Source], *, tolerant: bool = False) -> list[Published]:
    """Publish definitions together: all of them, or none when one is wrong.

    What they name by its address is fetched now; where it cannot be had, `tolerant` leaves out the process alone.
    Raises DefinitionError with all findings, or ConflictError when a version exists with another document.
    """
    pairs = [(kind_of(source.data) or "", source) for source in sources]
    for kind, source in pairs:
        if kind == "test":
            raise DefinitionError("A test is not published.", hint="`cauce test` runs it.", where=source.file)
        if kind == "recording" and len(pairs) == 1:
            hint = "`cauce connect replay` serves it, and tests and connections of kind `recorded` read it."
            raise DefinitionError("A recording is not published.", hint=hint, where=source.file)
    # Beside definitions that are, recordings are left where they lie.
    pairs = [pair for pair in pairs if pair[0] != "recording"]
    sources = [source for _, source in pairs]
    if any(kind in _OUTSIDE for kind, _ in pairs):
        actor.require("publish connections", "integrator")
    _require_design(actor, pairs)
    there = await known(hub, sources)
    findings = [finding for finding in check(sources, there) if finding.severity == "error"]
    if findings:
        raise DefinitionError.of("Nothing was published", findings)
    # Before the transaction: nothing outside is waited for inside one.
    world = world_of(sources, there)
    resources = {id(source): await _pin(hub, source, world) for kind, source in pairs if kind == "process"}
    unfetched = [finding for each in resources.values() for finding in each.findings]
    if unfetched and not tolerant:
        problem = f"Nothing was published: {unfetched[0].problem}"
        raise DefinitionError(problem, hint=unfetched[0].hint, findings=unfetched)
    async with hub.store.transaction() as db:
        published = await _publish_all(db, actor, pairs, resources, there.profile)
        for each in published:
            if each.new:
                data = {"kind": each.kind, "version": each.version, "digest": each.digest}
                await audit.append(db, actor.name, "definition.publish", each.full_name, data)
    return published


async def list_definitions(hub: Hub, actor: Actor, kind: str | None = None) -> list[DefinitionView]:
    """Return the latest version of everything, or of one kind."""
    actor.require_somewhere("see definitions", "see", *_READERS)
    async with hub.store.read() as db:
        rows = await definitions.latest(db, kind)
    return [view(row) for row in rows if row.kind != "process" or _sees(actor, row)]


async def versions(hub: Hub, actor: Actor, name: str, *, kind: str = "process") -> list[DefinitionView]:
    """Return all versions of a definition, the highest first."""
    actor.require_somewhere("see definitions", "see", *_READERS)
    newest = await shown(hub, actor, name, kind=kind)
    async with hub.store.read() as db:
        return [view(row) for row in await definitions.versions(db, kind, newest.namespace, newest.name)]


async def versions_of(hub: Hub, name: str, *, kind: str) -> list[DefinitionView]:
    """Return all versions of a definition that is no process, the highest first, for who may see what uses it."""
    async with hub.store.read() as db:
        return [view(row) for row in await definitions.versions(db, kind, "", name)]


async def shown(
    hub: Hub, actor: Actor, name: str, version: str | None = None, *, kind: str = "process"
) -> DefinitionView:
    """Return a published version that the actor may see; a process that is closed to them is not there."""
    async with hub.store.read() as db:
        row = await _find(db, kind, name, version)
        rows = [each for each in await definitions.latest(db, kind) if kind != "process" or _sees(actor, each)]
    if row and (kind != "process" or _sees(actor, row)):
        return view(row)
    raise _no_such(kind, name, version, [full_name(each) for each in rows])


async def definition(hub: Hub, name: str, version: str | None = None, *, kind: str = "process") -> DefinitionView:
    """Return a published version, the latest unless one is named; a process may be named without its namespace."""
    async with hub.store.read() as db:
        row = await _find(db, kind, name, version)
        rows = [] if row else await definitions.latest(db, kind)
    if row:
        return view(row)
    raise _no_such(kind, name, version, [full_name(each) for each in rows])


async def processes(hub: Hub, wanted: Collection[tuple[str, str]]) -> list[DefinitionView]:
    """Return those of these processes, each by its full name and version, that are published."""
    parts = [(*name.rpartition(".")[::2], version) for name, version in wanted]
    async with hub.store.read() as db:
        return [view(row) for row in await definitions.processes(db, parts)]


def _no_such(kind: str, name: str, version: str | None, names: Sequence[str]) -> NotFoundError:
    if name in names:
        return NotFoundError(f"There is no version {version} of {name}.", hint="`latest` is always one that is there.")
    meant = did_you_mean(name, names)
    hint = f"Did you mean {meant}?" if meant else f"Published are {', '.join(names[:20])}." if names else "None is yet."
    return NotFoundError(f"There is no published {kind} '{name}'.", hint=hint)


def _sees(actor: Actor, row: Definition) -> bool:
    return actor.decide("see", Thing.of(full_name(row)), *_READERS).allowed


def _require_design(actor: Actor, pairs: Sequence[tuple[str, Source]]) -> None:
    """Refuse who may not publish something of it: processes by their namespace and name, the rest by role."""
    for kind, source in pairs:
        head = source.data.get("document") if kind == "process" else None
        if isinstance(head, dict):
            thing = Thing.of(f"{head.get('namespace')}.{head.get('name')}")
            actor.require_on("publish definitions", "design", thing, "designer")
        elif kind not in _OUTSIDE:
            actor.require("publish definitions", "designer")


async def set_active(hub: Hub, actor: Actor, name: str, version: str, *, active: bool) -> DefinitionView:
    """Retire a version of a process, so that nothing new starts on it, or restore it; running instances go on."""
    actor.require_somewhere("retire and restore definitions", "design", "designer")
    async with hub.store.transaction() as db:
        row = await _find(db, "process", name, version)
        if row is None or not _sees(actor, row):
            raise NotFoundError(f"There is no version {version} of {name}.", hint="`cauce definitions` lists them.")
        actor.require_on("retire and restore this process", "design", Thing.of(full_name(row)), "designer")
        await definitions.set_active(db, row, active=active)
        action = "definition.restore" if active else "definition.retire"
        await audit.append(db, actor.name, action, full_name(row), {"version": version})
    return view(row)


def view(row: Definition) -> DefinitionView:
    """Return a row of the store as the services hand it out."""
    document = row.document if isinstance(row.document, dict) else {}
    head = document.get("document") or {} if row.kind == "process" else document
    return DefinitionView(
        kind=row.kind,
        namespace=row.namespace,
        name=row.name,
        full_name=full_name(row),
        version=row.version,
        digest=row.digest,
        title=head.get("title") or row.name,
        source=row.source,
        document=row.document,
        bundle=row.bundle,
        published_at=row.published_at,
        published_by=row.published_by,
        latest=row.latest,
        active=row.active,
    )


async def _pin(hub: Hub, source: Source, world: World) -> "Pinning":
    # What fetches over the web takes a sixth of the time in which a command starts; only publications wait for it.
    from cauce.services.functions import pin  # noqa: PLC0415 - see above

    return await pin(hub, source, world)


async def _publish_all(
    db: Db, actor: Actor, pairs: Sequence[tuple[str, Source]], resources: Mapping[int, "Pinning"], profile: JSON
) -> list[Published]:
    """Publish what processes refer to first, so that their bundles hold the versions published with them."""
    others = [(kind, source) for kind, source in pairs if kind != "process"]
    published = [await _publish_one(db, source, _other(actor, kind, source, profile)) for kind, source in others]
    ready = [source for kind, source in pairs if kind == "process" and not resources[id(source)].findings]
    if ready:
        parts = await _parts(db, profile)
        for source in ready:
            new = _process(actor, source, resources[id(source)], parts)
            published.append(await _publish_one(db, source, new))
    return published


async def _publish_one(db: Db, source: Source, new: NewDefinition) -> Published:
    try:
        row, added = await definitions.add(db, new)
    except ConflictError as error:
        raise ConflictError(error.problem, hint=error.hint, where=source.file) from error
    return Published(new.kind, full_name(row), row.version, row.digest, added, outdated=row.digest != new.digest)


def _other(actor: Actor, kind: str, source: Source, profile: JSON) -> NewDefinition:
    if kind == "sync":
        return _sync(actor, source, profile)
    digest = _digest(source.data)
    version = source.data["version"] if kind == "function" else ""
    return NewDefinition(kind, source.data[kind], digest, source.text, source.data, actor.name, version=version)


def _sync(actor: Actor, source: Source, profile: JSON) -> NewDefinition:
    """Return a sync with the connections behind its names; bound to others it is another version."""
    bindings = (profile or {}).get("connections", {})
    bundle = {name: bindings[name]["connection"] for name in sorted(names_of(source.data)) if name in bindings}
    digest = _digest([source.data, bundle] if bundle else source.data)
    name = source.data["sync"]
    return NewDefinition("sync", name, digest, source.text, source.data, actor.name, bundle=bundle or None)


async def _parts(db: Db, profile: JSON) -> JSON:
    """Return what processes are resolved with; no process is part of it, so it is read once for all of them."""
    rows = await definitions.latest_but(db, "process")
    return {
        "operations": {name: each for name, each in bound(contracts(rows), profile).items() if each is not None},
        "forms": documents(rows, "form"),
        "decisions": documents(rows, "decision"),
        "stages": documents(rows, "stages"),
        "clocks": documents(rows, "clock"),
        "templates": documents(rows, "template"),
        "calendars": calendars.of(documents(rows, "calendar")),
    }


def _process(actor: Actor, source: Source, pinning: "Pinning", parts: JSON) -> NewDefinition:
    bundle = resolve(source.data, resources=pinning.pins, functions=pinning.functions, **parts)
    head = source.data["document"]
    return NewDefinition(
        kind="process",
        name=head["name"],
        digest=bundle["digest"],
        source=source.text,
        document=source.data,
        published_by=actor.name,
        namespace=head["namespace"],
        version=head["version"],
        bundle=bundle,
    )


async def _find(db: Db, kind: str, name: str, version: str | None) -> Definition | None:
    if kind != "process":
        return await definitions.find(db, kind, "", name, version)
    namespace, _, short = name.rpartition(".")
    if namespace:
        return await definitions.find(db, kind, namespace, short, version)
    homes = sorted(row.namespace for row in await definitions.latest(db, kind) if row.name == name)
    if len(homes) > 1:
        known = ", ".join(f"{home}.{name}" for home in homes)
        raise InputError(f"Several processes are called '{name}'.", hint=f"Say which: {known}.")
    return await definitions.find(db, kind, homes[0], name, version) if homes else None


def _digest(document: JSON) -> str:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
