"""What people call processes and their stages, from the published versions."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request

from api.i18n import Language
from cauce.services import definitions, naming
from cauce.services.definitions import DefinitionView

JSON = Any
called_fresh_s = 30.0


@dataclass(frozen=True, slots=True)
class Names:
    """The title of a process and those of its stages; labels, in one language or several."""

    process: JSON
    stages: Mapping[str, JSON] = field(default_factory=dict)

    def title(self, lang: Language) -> str:
        """Return the process's title in a language."""
        return lang.label(self.process)

    def stage(self, name: str | None, lang: Language) -> str:
        """Return a stage's title in a language."""
        return lang.label(self.stages.get(name or ""), name or "")


async def names_of(request: Request, definition: str, version: str) -> Names:
    """Return the names in a published version; those of one that is not here are its identifiers."""
    return (await names_of_all(request, {(definition, version)}))[definition, version]


async def names_of_all(request: Request, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], Names]:
    """Return the names in all these versions, of which those that are not known yet are looked up together.

    What is published nowhere, as roadmaps and syncs, is looked for again each time.
    """
    known: dict[tuple[str, str], Names] = request.app.state.names
    if missing := set(wanted) - known.keys():
        # A published version never changes.
        for each in await definitions.processes(request.app.state.hub, missing):
            known[each.full_name, each.version] = Names(title_of(each), stages_of(each.bundle))
    return {each: known.get(each) or Names(each[0]) for each in wanted}


async def called(request: Request) -> naming.Called:
    """Return what people call groups, severities and forms, looked up twice a minute."""
    known: tuple[float, naming.Called] | None = getattr(request.app.state, "called", None)
    if known is None or time.monotonic() - known[0] > called_fresh_s:
        known = time.monotonic(), await naming.called(request.app.state.hub)
        request.app.state.called = known
    return known[1]


async def titles_of_all(
    request: Request, wanted: Collection[tuple[str, str]], lang: Language
) -> dict[tuple[str, str], str]:
    """Return what people call all these versions."""
    return {each: names.title(lang) for each, names in (await names_of_all(request, wanted)).items()}


def title_of(definition: DefinitionView) -> JSON:
    """Return a definition's title; a process may have one in several languages among its metadata."""
    head = definition.document.get("document") if definition.kind == "process" else None
    ours = ((head or {}).get("metadata") or {}).get("cauce") or {}
    return ours.get("title") or definition.title


def stages_of(bundle: JSON) -> dict[str, JSON]:
    """Return the titles of all stages that a process can enter."""
    lists = (bundle.get("stages") or {}).values() if bundle else ()
    return {each["id"]: each.get("title") for one in lists for each in one.get("list") or []}
