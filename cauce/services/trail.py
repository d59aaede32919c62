"""The audit trail: who did what, and whether its chain holds."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from cauce.permissions import Thing
from cauce.personal import Veil
from cauce.services import users
from cauce.services.hub import Actor, Hub, Role
from cauce.services.permissions import covering
from cauce.store import audit, tasks
from cauce.store.audit import Head, Verdict
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


async def verify(hub: Hub, actor: Actor, kept: Iterable[Head] = ()) -> Verdict:
    """Compute the whole chain anew, and say at which line it breaks, or which of the heads kept elsewhere it lacks."""
    actor.require("verify the audit trail", *readers, "operator")
    async with hub.store.read() as db:
        return await audit.verify(db, kept)


async def note_sight(hub: Hub, actor: Actor, task: str, instance: str) -> None:
    """Enter in the trail that somebody looked at a task; once, however often they look."""
    await _note_sight(hub, actor, "task.see", task, {"instance": instance})


async def note_sight_of_instance(hub: Hub, actor: Actor, instance: str) -> None:
    """Enter in the trail that somebody looked at an instance, which shows what its process knows; once, too."""
    await _note_sight(hub, actor, "instance.see", instance, None)


async def acting_as(hub: Hub, by: Actor, name: str) -> Actor:
    """Return an account that somebody at the machine acts as: what it does then is its own in the trail, after this."""
    actor = await users.actor_of(hub, name)
    async with hub.store.transaction() as db:
        await audit.append(db, by.name, "user.act-as", name)
    return actor


async def _note_sight(hub: Hub, actor: Actor, action: str, subject: str, data: JSON) -> None:
    async with hub.store.read() as db:
        if await audit.has(db, actor.name, action, subject):
            return
    async with hub.store.transaction() as db:
        await audit.append(db, actor.name, action, subject, data)


async def _shown(db: Db, actor: Actor, found: Sequence[AuditEntry]) -> list[Line]:
    """Return lines without what is personal in the forms that they hold, and without what closed forms hold."""
    lines = lines_of(found)
    closed = await closed_tasks(db, actor, [line.subject for line in lines])
    processes = [_process(line) for line in lines]
    names = {each: (await covering.veil_of_process(db, actor, each)).names for each in sorted(set(processes)) if each}
    # What a note or a comment names is known from the task that it is about.
    covered = [line.subject for line, process in zip(lines, processes, strict=True) if names.get(process)]
    contents = await tasks.contents_of(db, covered)
    for index, (line, process) in enumerate(zip(lines, processes, strict=True)):
        if line.subject in closed:
            lines[index] = replace(line, data=None)
        elif names.get(process):
            lines[index] = replace(line, data=Veil(names[process]).cover(contents.get(line.subject), line.data)[1])
    return lines


def _process(line: Line) -> str:
    """Return the process that a line is about; nothing when it is about none."""
    given = line.data if isinstance(line.data, Mapping) else {}
    definition = str(given.get("instance") or line.subject).partition("/")[0]
    return definition if "." in definition and line.data else ""


async def closed_tasks(db: Db, actor: Actor, ids: Collection[str]) -> set[str]:
    """Return those of some tasks whose form or process is closed to somebody."""
    if not actor.grants or actor.may():
        return set()
    rows = await tasks.forms_of(db, ids)
    return {id_ for id_, definition, form in rows if actor.decide("see", Thing.of(definition, form)).closed}


def lines_of(found: Sequence[AuditEntry]) -> list[Line]:
    """Return lines as they are in the store."""
    return [Line(*(getattr(row, name) for name in Line.__slots__)) for row in found]
