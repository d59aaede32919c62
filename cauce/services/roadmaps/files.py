"""Files of roadmaps that run: the papers behind entries and reports, attached by owners, opened by who may see them."""

import logging
from typing import Any, Final

from cauce.errors import ForbiddenError, InputError, NotFoundError, TooLargeError
from cauce.file_types import MIME, kind_of, safe_name
from cauce.services.attachments import File
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import costs, rights, running
from cauce.store import attachments, audit, blobs
from cauce.virus_scan import infection

JSON = Any
log = logging.getLogger(__name__)
_HINT: Final = "Attach another file."


async def attach(hub: Hub, actor: Actor, identity: str, name: str, content: bytes) -> dict[str, JSON]:
    """Keep a file of a roadmap; return it as entries and reports name it.

    Raises:
        InputError: It is of no kind that may be attached, or something was found in it.
        TooLargeError: It is too large.
    """
    detail = await running.running(hub, actor, identity)
    if not detail.may_plan and not any(rights.speaks_for(actor, detail, each) for each in detail.owners):
        raise ForbiddenError(f"'{actor.name}' is none of the owners of this roadmap.", hint="Ask one of them.")
    if len(content) > hub.settings.max_attachment_bytes:
        most = hub.settings.max_attachment_bytes
        raise TooLargeError(f"The file may have at most {most:,} bytes.", hint="Attach a smaller one.")
    given = safe_name(name)
    kind = kind_of(given, content) if content else None
    if kind is None:
        raise InputError(f"The file must be one of {', '.join(MIME)}, by its name and its content.", hint=_HINT)
    if hub.settings.virus_scanner and (found := await infection(hub.settings.virus_scanner, content)):
        log.warning("A file for %s was refused: %s", identity, found)
        raise InputError("The virus scanner refuses this file.", hint=_HINT)
    async with hub.store.transaction() as db:
        file = attachments.NewFile(identity, given, MIME[kind], content, by=actor.name)
        kept = attachments.described(await attachments.keep(db, file))
        said = {"sha256": kept["sha256"], "size": kept["size"]}
        await audit.append(db, actor.name, "roadmap.attach", identity, said)
    return kept


async def of_entry(hub: Hub, actor: Actor, identity: str, number: int) -> File:
    """Return the paper behind an entry that the actor may see; raises `NotFoundError`."""
    entry = await costs.entry(hub, actor, identity, number)
    digest = str((entry.file or {}).get("sha256", ""))
    async with hub.store.read() as db:
        for row in await attachments.of_instance(db, identity, [digest]):
            return File(row.name, row.type, await blobs.get(db, digest))
    raise NotFoundError(f"There is no paper behind entry {number}.", hint="Look at the entry.")
