"""What people decide about rows that both systems of a two-way sync have changed."""

from contextlib import suppress
from typing import Any

from cauce.contract import SYNC
from cauce.errors import CauceError, ConflictError
from cauce.services import syncs
from cauce.services.hub import Hub
from cauce.store import pairs
from cauce.store.models import Task
from cauce.store.session import Db

JSON = Any


def is_about_rows(task: Task) -> bool:
    """Return whether a task was put into the inbox by a sync, and not by a process."""
    return task.instance.startswith(f"{SYNC}/")


async def decide(db: Db, task: Task, answer: JSON) -> None:
    """Keep an answer, until a run of the sync carries it out.

    Raises:
        ConflictError: The sides agree by now, or something else is asked.
    """
    if await pairs.decide(db, task.id, answer, task.data) is None:
        raise ConflictError("The systems have changed the row again since.", hint="Reload the inbox.")


async def carry_out(hub: Hub, task: Task, by: str) -> None:
    """Have the sync run, so that both systems soon have what was decided; if that cannot be, its next run does it."""
    with suppress(CauceError):
        await syncs.ask(hub, task.definition, by)
