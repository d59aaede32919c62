"""What people call processes and their stages, from the published versions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request

from api.i18n import Language
from cauce.errors import NotFoundError
from cauce.services import definitions
from cauce.services.definitions import DefinitionView

JSON = Any


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
    known: dict[tuple[str, str], Names] = request.app.state.names
    if (definition, version) not in known:
        try:
            found = await definitions.definition(request.app.state.hub, definition, version)
        except NotFoundError:
            return Names(definition)
        # A published version never changes.
        known[definition, version] = Names(title_of(found), stages_of(found.bundle))
    return known[definition, version]


def title_of(definition: DefinitionView) -> JSON:
    """Return a definition's title; a process may have one in several languages among its metadata."""
    head = definition.document.get("document") if definition.kind == "process" else None
    ours = ((head or {}).get("metadata") or {}).get("cauce") or {}
    return ours.get("title") or definition.title


def stages_of(bundle: JSON) -> dict[str, JSON]:
    """Return the titles of all stages that a process can enter."""
    lists = (bundle.get("stages") or {}).values() if bundle else ()
    return {each["id"]: each.get("title") for one in lists for each in one.get("list") or []}
