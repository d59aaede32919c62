"""The files that came of the activities of a roadmap, or are evidence of its gates."""

from collections.abc import Iterator
from typing import Any

from cauce.errors import NotFoundError
from cauce.services.attachments import File
from cauce.services.hub import Hub
from cauce.services.roadmaps.standing import Standing
from cauce.store import attachments, blobs
from workflows.roadmap.running.journal import Journal

JSON = Any


async def open_file(hub: Hub, standing: Standing, digest: str) -> File:
    """Return a file of a roadmap to who may see it; raises `NotFoundError`.

    What people say of files comes from outside: only those count that were attached to a task of the roadmap, or of a
    process that it runs.
    """
    if any(each.get("sha256") == digest for each in _named(standing.course.journal)):
        async with hub.store.read() as db:
            for row in await attachments.in_tree(db, standing.detail.run.id, (), digest):
                return File(row.name, row.type, await blobs.get(db, digest))
    raise NotFoundError("This roadmap has no such file.", hint="Open the page again.")


def _named(journal: Journal) -> Iterator[JSON]:
    """Yield every file that a roadmap remembers, also of activities that a later definition left out."""
    for said in [*journal.activities.values(), *((each.get("actual") or {}) for each in journal.kept.values())]:
        yield from said.get("documents") or []
    for gate in journal.gates.values():
        for files in gate["documents"].values():
            yield from files
