"""The register of a roll-out: what its processes find out and decide, kept for gates, reports and later phases.

Each run of a roadmap has its own, under `name/key`. Whoever only says the name means the one run that there is; before
there is any, it is the register that the first one takes over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import select, update

from cauce.errors import ConflictError, InputError
from cauce.roadmaps import roadmap_id, run_name
from cauce.store.base import JSON
from cauce.store.models import RegisterEntry, RegisterStep, RoadmapRun
from cauce.store.session import Db
from cauce.store.upsert import insert_new

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Step:
    """What is noted of an entry; without a `title` it keeps the one it has, and `data` is added to what is known.

    With `before` the entry has to be in one of these states.
    """

    roadmap: str
    kind: str
    code: str
    state: str
    reference: str
    at: datetime
    title: str = ""
    by: str = ""
    data: Mapping[str, JSON] = field(default_factory=dict)
    before: Sequence[str] = ()


async def note(db: Db, step: Step) -> RegisterEntry:
    """Note a step of an entry, which begins with its first one; the same reference again changes nothing.

    Raises:
        ConflictError: The entry is not in one of the states that the step may follow.
        InputError: It is not said which run of the roadmap is meant.
    """
    entry = await _entry(db, step)
    if await _noted(db, step.reference) is not None:
        return entry
    if step.before and entry.state not in step.before:
        known = f"is {entry.state}" if entry.state else "is not in the register"
        raise ConflictError(
            f"The {step.kind} {step.code} {known}; only one that is {' or '.join(step.before)} becomes {step.state}.",
            hint="See what was noted of it before.",
        )
    data = dict(step.data)
    values = {"entry": entry.id, "reference": step.reference, "state": step.state, "by": step.by, "data": data}
    await insert_new(db, RegisterStep, {**values, "at": step.at})
    entry.title, entry.state, entry.changed_at = step.title or entry.title, step.state, step.at
    entry.data = {**entry.data, **data}
    await db.flush()
    return entry


async def find(db: Db, roadmap: str, kind: str, code: str) -> RegisterEntry | None:
    """Return an entry."""
    meant = await _meant(db, roadmap)
    query = select(RegisterEntry).filter_by(roadmap=meant, kind=kind, code=code).where(RegisterEntry.state != "")
    return (await db.scalars(query)).one_or_none()


async def find_noted(db: Db, reference: str) -> RegisterEntry | None:
    """Return the entry of which something was noted for this reference."""
    step = await _noted(db, reference)
    return None if step is None else await db.get_one(RegisterEntry, step.entry)


async def entries(
    db: Db, roadmap: str, kind: str | None = None, *, states: Sequence[str] = (), limit: int = 10_000
) -> Sequence[RegisterEntry]:
    """Return entries of a roadmap, those changed last first."""
    meant = await _meant(db, roadmap)
    query = select(RegisterEntry).filter_by(roadmap=meant).where(RegisterEntry.state != "")
    query = query.filter_by(kind=kind) if kind else query
    query = query.where(RegisterEntry.state.in_(states)) if states else query
    order = (RegisterEntry.changed_at.desc(), RegisterEntry.id.desc())
    return (await db.scalars(query.order_by(*order).limit(limit))).all()


async def steps(db: Db, roadmap: str) -> Sequence[tuple[RegisterEntry, RegisterStep]]:
    """Return every step of a roadmap with its entry, in the order in which they were noted."""
    query = select(RegisterEntry, RegisterStep).join(RegisterStep, RegisterStep.entry == RegisterEntry.id)
    rows = await db.execute(query.where(RegisterEntry.roadmap == await _meant(db, roadmap)).order_by(RegisterStep.id))
    return [(entry, step) for entry, step in rows]


async def hand_over(db: Db, roadmap: str, key: str) -> None:
    """Give a run that has just begun what was noted under the name of its roadmap before there was any."""
    early = update(RegisterEntry).where(RegisterEntry.roadmap == roadmap)
    await db.execute(early.values(roadmap=run_name(roadmap, key)))


async def _meant(db: Db, said: str) -> str:
    """Return whose register is meant by a roadmap's name, or by the name and key of a run of it."""
    name, _, key = said.partition("/")
    if key:
        if await db.get(RoadmapRun, roadmap_id(name, key)) is None:
            hint = "`cauce roadmap list` shows those that there are."
            raise InputError(f"There is no run {said} of a roadmap.", hint=hint)
        return said
    query = select(RoadmapRun.key).filter_by(roadmap=name).order_by(RoadmapRun.begun_at.desc()).limit(_SHOWN)
    keys = (await db.scalars(query)).all()
    if len(keys) > 1:
        shown = " or ".join(f"{name}/{each}" for each in keys)
        raise InputError(f"The roadmap {name} has run more than once.", hint=f"Say which run is meant: {shown}.")
    return f"{name}/{keys[0]}" if keys else name


async def _entry(db: Db, step: Step) -> RegisterEntry:
    place = {"roadmap": await _meant(db, step.roadmap), "kind": step.kind, "code": step.code}
    # Without a state it is not there yet; a step that is refused takes it back with everything else.
    new = {"title": step.title, "state": "", "data": {}, "opened_at": step.at, "changed_at": step.at}
    await insert_new(db, RegisterEntry, {**place, **new})
    query = select(RegisterEntry).filter_by(**place).with_for_update()
    return (await db.scalars(query.execution_options(populate_existing=True))).one()


async def _noted(db: Db, reference: str) -> RegisterStep | None:
    return (await db.scalars(select(RegisterStep).filter_by(reference=reference))).one_or_none()
