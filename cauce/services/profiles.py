"""The profiles of this environment: which connection stands behind each name, and what is missing behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from cauce import profiles
from cauce.errors import Finding, NotFoundError
from cauce.services.hub import Actor, Hub, Role
from cauce.services.known import known
from cauce.store import definitions
from schemas import Source, guess, listing, load_yaml
from workflows.checking import Known, check

JSON = Any
readers: Final[tuple[Role, ...]] = ("designer", "integrator", "manager", "operator", "auditor")


@dataclass(frozen=True, slots=True)
class Binding:
    """What stands behind a name: a connection, or nothing (`absent` says why); `missing` is what is wrong."""

    name: str
    connection: str
    capabilities: tuple[str, ...]
    certified: bool
    absent: JSON
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProfileView:
    """A profile; `active` is the one that holds here, and `version` is empty for one that only comes with Cauce.

    `missing` are the findings in published processes, should it hold.
    """

    name: str
    title: JSON
    description: JSON
    version: str
    active: bool
    bindings: tuple[Binding, ...]
    missing: tuple[Finding, ...] = ()


async def list_profiles(hub: Hub, actor: Actor) -> list[ProfileView]:
    """Return the profiles that are published or come with Cauce, by name."""
    actor.require("see profiles", *readers)
    there = await known(hub)
    return [_view(hub, there, source, version) for source, version in (await _sources(hub)).values()]


async def profile(hub: Hub, actor: Actor, name: str) -> ProfileView:
    """Return a profile, and what published processes would miss were it to hold.

    Raises:
        NotFoundError: There is none of that name.
    """
    actor.require("see profiles", *readers)
    found = await _sources(hub)
    if name not in found:
        raise NotFoundError(f"There is no profile `{name}`{guess(name, found)}", hint=listing(found))
    source, version = found[name]
    there = await known(hub)
    return _view(hub, there, source, version, await _missing(hub, there, source.data))


async def _sources(hub: Hub) -> Mapping[str, tuple[Source, str]]:
    async with hub.store.read() as db:
        rows = await definitions.latest(db, "profile")
    own = {row.name: (load_yaml(row.source, f"{row.name}.yaml"), row.version) for row in rows}
    found = {**{name: (source, "") for name, source in profiles.shipped().items()}, **own}
    return dict(sorted(found.items()))


async def _missing(hub: Hub, there: Known, document: JSON) -> tuple[Finding, ...]:
    """Return what is wrong in the published processes under a profile and is not so without it."""
    async with hub.store.read() as db:
        rows = await definitions.latest(db, "process")
    sources = [load_yaml(row.source, f"{row.namespace}.{row.name}") for row in rows]
    before = set(map(str, _errors(sources, there, None)))
    return tuple(each for each in _errors(sources, there, document) if str(each) not in before)


def _errors(sources: Sequence[Source], there: Known, document: JSON) -> list[Finding]:
    found = check(sources, replace(there, profile=document))
    return [each for each in found if each.severity == "error"]


def _view(hub: Hub, there: Known, source: Source, version: str, missing: tuple[Finding, ...] = ()) -> ProfileView:
    document = source.data
    wrong = check([source], there)
    bindings = tuple(
        Binding(
            name,
            each.get("connection", ""),
            tuple(each.get("capabilities") or ()),
            bool(each.get("certified")),
            each.get("absent"),
            tuple(one.problem for one in wrong if one.pointer.startswith(f"/connections/{name}/")),
        )
        for name, each in document["connections"].items()
    )
    name = document["profile"]
    title, about = document["title"], document.get("description")
    return ProfileView(name, title, about, version, name == hub.settings.profile, bindings, missing)
