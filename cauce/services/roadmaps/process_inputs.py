"""What the process of an activity is told: expressions over the roadmap, the activity and the register."""

from typing import Any, Final

from cauce.errors import NotFoundError
from cauce.roadmaps import StartProcess, run_name
from cauce.services.hub import Hub
from cauce.store import definitions, register, register_figures, roadmaps
from cauce.store.models import RegisterEntry, RoadmapRun, RoadmapStep
from workflows.roadmap import run_input

JSON = Any
_MOST_ENTRIES: Final = 1_000


async def filled(hub: Hub, wanted: StartProcess) -> JSON:
    """Return the input of a process with the values of its expressions.

    Raises:
        ExpressionError: One of them is none, or met what it cannot work with.
        NotFoundError: The roadmap or its activity is not there.
    """
    template = run_input.compiled(wanted.input)
    if template.constant:
        return wanted.input
    async with hub.store.read() as db:
        run = await roadmaps.find(db, wanted.roadmap)
        step = await roadmaps.step(db, wanted.roadmap, wanted.activity)
        row = await definitions.find(db, "roadmap", "", run.roadmap, run.version) if run else None
        if run is None or step is None or row is None:
            raise NotFoundError(f"There is no activity `{wanted.activity[:100]}` that runs in {wanted.roadmap[:200]}.")
        known: dict[str, JSON] = {"roadmap": _roadmap(row.document, run), "activity": _activity(row.document, step)}
        known["register"] = None
        if run_input.asks_register(template):
            name = run_name(run.roadmap, run.key)
            entries = await register.entries(db, name, limit=_MOST_ENTRIES)
            figures = await register_figures.figures(db, name)
            known["register"] = {"figures": figures, "entries": [_entry(each) for each in entries]}
    return template.render(None, known)


def _roadmap(document: JSON, run: RoadmapRun) -> JSON:
    days = {"start": run.start, "finish": run.finish, "baselineFinish": run.baseline_finish}
    about = {"name": run.roadmap, "key": run.key, "version": run.version, "light": run.light}
    return {**document, **about, **{name: day.isoformat() for name, day in days.items()}}


def _activity(document: JSON, step: RoadmapStep) -> JSON:
    days = {"start": step.start, "finish": step.finish, "started": step.started}
    about = {"id": step.id, "wave": step.wave, "state": step.state, "budget": step.budget, "spent": step.spent}
    said = {name: None if day is None else day.isoformat() for name, day in days.items()}
    return {**run_input.activity_of(document, step.id), **about, **said}


def _entry(row: RegisterEntry) -> JSON:
    about = {name: getattr(row, name) for name in ("kind", "code", "title", "state", "data")}
    return {**about, "openedAt": row.opened_at.isoformat(), "changedAt": row.changed_at.isoformat()}
