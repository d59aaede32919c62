"""Why somebody has a task, as facts: who it was given to, by which rule, and everything that has moved it since."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from cauce.absence import holder, local_day
from cauce.services.hub import Actor, Hub
from cauce.services.tasks import TaskView, overseers, view, visible
from cauce.store import absences, audit
from cauce.store.base import utc_now
from cauce.store.models import AuditEntry
from cauce.store.session import Db

JSON = Any
_ACTS: Final = ("delegate", "assign", "escalate", "return", "release", "claim")
_MOVES: Final = frozenset(f"task.{act}" for act in _ACTS)
most_moves: Final = 50


@dataclass(frozen=True, slots=True)
class Move:
    """Something that gave a task to others: `act` by `by`, to `user`, to `group`, or to who had it before.

    `told` are a group or a person who were only told of it, so that they may look.
    """

    act: str
    at: datetime
    by: str
    user: str = ""
    group: str = ""
    told: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Why:
    """Why somebody has a task: `stands_in_for` is away until then, `part` is what they have to do with it otherwise."""

    task: TaskView
    moves: tuple[Move, ...]
    stands_in_for: str = ""
    away_until: date | None = None
    part: str = ""


async def why(hub: Hub, actor: Actor, task_id: str) -> Why:
    """Return why the actor has a task, or may see it."""
    async with hub.store.read() as db:
        row = await visible(db, actor, task_id)
        task = view(row, actor)
        lines = await audit.entries(db, subject=task_id, limit=most_moves)
        absent, until = await _stood_in_for(db, task, actor)
    moves = [_move(line) for line in reversed(lines) if line.action in _MOVES]
    return Why(task, tuple(moves), absent, until, "" if absent else _part(task, actor))


async def _stood_in_for(db: Db, task: TaskView, actor: Actor) -> tuple[str, date | None]:
    """Return for whom the actor holds the task today, and until when that person is away."""
    person = task.claimed_by or task.user
    if person is None or person == actor.name or not actor.holds(person, task.group, task.form):
        return "", None
    day = local_day(utc_now())
    steps = holder(await absences.on(db, day), person, day, group=task.group, form=task.form).steps
    return person, steps[0].absence.ends if steps else None


def _part(task: TaskView, actor: Actor) -> str:
    """Return in one word why somebody sees a task that is not given to them; nothing when it is."""
    name = actor.name
    ours = task.user is None and (task.group is None or task.group in actor.groups)
    if ours or name in {task.claimed_by, task.user}:
        return ""
    told = any(each.get("user") == name or each.get("group") in actor.groups for each in task.told)
    parts = (
        ("delegated", name == task.owner or name in task.delegated_by),
        ("answered", name == task.closed_by or name in task.answered_by),
        ("told", told),
        ("oversees", actor.may(*overseers)),
    )
    return next((word for word, holds in parts if holds), "granted")


def _move(line: AuditEntry) -> Move:
    data = line.data if isinstance(line.data, dict) else {}
    whom = data.get("notify") or {}
    return Move(
        line.action.removeprefix("task."),
        line.at,
        line.actor,
        str(data.get("to") or data.get("user") or ""),
        str(data.get("group") or ""),
        str(whom.get("user") or whom.get("group") or ""),
        str(data.get("note") or data.get("reason") or ""),
    )
