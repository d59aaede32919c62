"""The audit trail: who did what, whether its chain holds, and everything that is known of one case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from cauce.errors import CauceError, NotFoundError
from cauce.personal import Veil
from cauce.services import visibility
from cauce.services.hub import Actor, Hub, Role
from cauce.services.permissions import covering
from cauce.store import audit, case_files
from cauce.store.audit import Verdict
from cauce.store.base import utc_now
from cauce.store.models import AuditEntry
from cauce.store.session import Db

JSON = Any
readers: tuple[Role, ...] = ("auditor",)
most_rows: Final = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the trail; `hash` holds it and, through the one before, all lines up to it."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    data: JSON
    hash: str


async def lines(
    hub: Hub,
    actor: Actor,
    *,
    subject: str | None = None,
    by: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Line]:
    """Return lines of the trail, the newest first; of one subject or one person, when asked for."""
    actor.require("read the audit trail", *readers)
    async with hub.store.read() as db:
        size = max(1, min(limit, most_rows))
        found = await audit.entries(db, subject=subject, actor=by, before=before, limit=size, sight=actor.sight)
        return await _shown(db, actor, found)


async def verify(hub: Hub, actor: Actor) -> Verdict:
    """Compute the whole chain anew, and say at which line it breaks, if it does."""
    actor.require("verify the audit trail", *readers, "operator")
    async with hub.store.read() as db:
        return await audit.verify(db)


async def case_file(hub: Hub, actor: Actor, instance: str) -> dict[str, JSON]:
    """Return all that is known of one case, for whoever asks later: the export itself is entered in the trail.

    Its course comes from the engine, which forgets instances that ended long ago; what people did, and what was written
    to other systems, stays in the store.
    """
    actor.require("export case files", *readers)
    visibility.require_sight(actor, instance)
    course: JSON = None
    try:
        course = await visibility.instance(hub, actor, instance)
    except CauceError as error:
        if not isinstance(error, NotFoundError):
            raise
    async with hub.store.transaction() as db:
        kept = await case_files.of_instance(db, instance)
        if course is None and not kept["tasks"] and not kept["writes"]:
            raise NotFoundError(f"Nothing is known of instance {instance}.", hint="Look for it in the list.")
        await audit.append(db, actor.name, "case.export", instance)
        trail = await audit.entries_of(db, [instance, *(each["id"] for each in kept["tasks"])])
        veil = await covering.veil_of_process(db, actor, instance.partition("/")[0])
        told, kept = veil.cover([each.data for each in trail], kept)
    return {
        "instance": instance,
        "exportedAt": utc_now(),
        "exportedBy": actor.name,
        "course": course,
        **kept,
        # The last line is this export; its hash stands for all lines before it, of other cases, too.
        "trail": [replace(line, data=data) for line, data in zip(_lines(trail), told, strict=True)],
    }


async def note_sight(hub: Hub, actor: Actor, task: str, instance: str) -> None:
    """Enter in the trail that somebody looked at a task; once, however often they look."""
    async with hub.store.read() as db:
        if await audit.has(db, actor.name, "task.see", task):
            return
    async with hub.store.transaction() as db:
        await audit.append(db, actor.name, "task.see", task, {"instance": instance})


async def _shown(db: Db, actor: Actor, found: Sequence[AuditEntry]) -> list[Line]:
    """Return lines without what is personal in the forms that they hold."""
    veils: dict[str, Veil] = {}
    lines = _lines(found)
    for index, line in enumerate(lines):
        given = line.data if isinstance(line.data, Mapping) else {}
        definition = str(given.get("instance") or line.subject).partition("/")[0]
        if "." in definition and line.data:
            if definition not in veils:
                veils[definition] = await covering.veil_of_process(db, actor, definition)
            (data,) = Veil(veils[definition].names).cover(line.data)
            lines[index] = replace(line, data=data)
    return lines


def _lines(found: Sequence[AuditEntry]) -> list[Line]:
    return [Line(*(getattr(row, name) for name in Line.__slots__)) for row in found]
