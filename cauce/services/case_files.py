"""The file of one case: everything that is known of it and of what it ran, for whoever asks later."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from cauce.errors import CauceError, NotFoundError
from cauce.personal import Veil
from cauce.services import trail, visibility
from cauce.services.hub import Actor, Hub
from cauce.services.permissions import covering
from cauce.store import audit, case_files
from cauce.store.base import utc_now
from cauce.store.session import Db

JSON = Any
_HIDDEN: Final = "••••"


async def export(hub: Hub, actor: Actor, instance: str) -> dict[str, JSON]:
    """Return all that is known of one case and of its sub-processes; the export itself is entered in the trail.

    Its course comes from the engine, which forgets instances that ended long ago; what people did, and what was written
    to other systems, stays in the store.
    """
    actor.require("export case files", *trail.readers)
    visibility.require_sight(actor, instance)
    course, parts = await _course(hub, actor, instance)
    async with hub.store.transaction() as db:
        below = {each.id for each in parts} | await case_files.run_by(db, instance)
        ids = [instance, *sorted(each for each in below if visibility.sees(actor, each))]
        kept = await case_files.of_instances(db, ids)
        if course is None and not kept["tasks"] and not kept["writes"]:
            raise NotFoundError(f"Nothing is known of instance {instance}.", hint="Look for it in the list.")
        kept = _open(kept, await trail.closed_tasks(db, actor, [each["id"] for each in kept["tasks"]]))
        await audit.append(db, actor.name, "case.export", instance, {"instances": len(ids)})
        letters = [f"dead-letter/{each['id']}" for each in kept["deadLetters"]]
        lines = trail.lines_of(await audit.entries_of(db, [*ids, *(each["id"] for each in kept["tasks"]), *letters]))
        veil = await _veil(db, actor, ids)
        told, kept = veil.cover([each.data for each in lines], kept)
    if veil.names:
        # What a file is called is in no form, and often says whose it is.
        kept["attachments"] = [each | {"name": _HIDDEN} for each in kept["attachments"]]
    return {
        "instance": instance,
        "exportedAt": utc_now(),
        "exportedBy": actor.name,
        "course": course,
        "parts": parts,
        "instances": ids,
        **kept,
        # The last line is this export; its hash stands for all lines before it, of other cases, too.
        "trail": [replace(line, data=data) for line, data in zip(lines, told, strict=True)],
    }


async def _course(hub: Hub, actor: Actor, instance: str) -> tuple[JSON, list[visibility.Summary]]:
    """Return the course of an instance, and what it ran; nothing when the engine does not know it any more."""
    try:
        return await visibility.instance(hub, actor, instance), await visibility.run_by(hub, actor, instance)
    except CauceError as error:
        if not isinstance(error, NotFoundError):
            raise
    return None, []


def _open(kept: Mapping[str, list[dict[str, JSON]]], closed: Collection[str]) -> dict[str, list[dict[str, JSON]]]:
    """Leave out the tasks that are closed to who asks, with what was said of them and put to them."""
    if not closed:
        return dict(kept)
    return {
        name: [row for row in rows if row.get("id" if name == "tasks" else "task") not in closed]
        for name, rows in kept.items()
    }


async def _veil(db: Db, actor: Actor, ids: Collection[str]) -> Veil:
    """Return what covers a case: what any of its processes marks that the actor may not see."""
    definitions = sorted({each.partition("/")[0] for each in ids})
    return Veil(frozenset().union(*[(await covering.veil_of_process(db, actor, each)).names for each in definitions]))
