"""Roadmaps that run, as lists show them: written from their events, each once, read by the services."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import delete, select

from cauce.permissions import Sight
from cauce.roadmaps import RoadmapNews
from cauce.store import register
from cauce.store.base import JSON
from cauce.store.models import (
    RoadmapBaseline,
    RoadmapDecision,
    RoadmapEvent,
    RoadmapJournal,
    RoadmapRun,
    RoadmapStep,
)
from cauce.store.permissions import Rows, open_to
from cauce.store.session import Db
from cauce.store.upsert import insert_all, insert_new

_rows = Rows(definition="roadmap." + RoadmapRun.roadmap)
_ABOUT: Final = ("activity", "gate", "change", "risk", "period", "task")
_OUTSIDE: Final = frozenset({"kind", "at", "by", "number"})


async def record(db: Db, news: RoadmapNews) -> bool:
    """Write what happened; return False when all of it is there already, so that nothing is done twice."""
    last = news.events[-1]["number"]
    row = (await db.scalars(select(RoadmapRun).where(RoadmapRun.id == news.id).with_for_update())).one_or_none()
    if row is not None and row.event >= last:
        return False
    values = _run(news)
    if row is None:
        first = news.events[0]
        begun = {"by": first["by"], "begun_at": _moment(first["at"])}
        await insert_new(db, RoadmapRun, {"id": news.id, **values, **begun, "event": last})
        await register.hand_over(db, values["roadmap"], values["key"])
    else:
        for name, value in {**values, "event": last}.items():
            setattr(row, name, value)
    await _write_steps(db, news)
    await _write_events(db, news)
    if news.journal is not None:
        await db.merge(RoadmapJournal(run=news.id, journal=news.journal))
    return True


async def find(db: Db, identity: str) -> RoadmapRun | None:
    """Return one roadmap, or None when there is no such."""
    return await db.get(RoadmapRun, identity, populate_existing=True)


async def listed(
    db: Db, *, state: str | None = None, roadmap: str | None = None, sight: Sight | None = None, limit: int = 200
) -> Sequence[RoadmapRun]:
    """Return the roadmaps that somebody may see, those that run first, the newest first."""
    query = select(RoadmapRun).where(open_to(sight, _rows)).limit(limit)
    if state is not None:
        query = query.where(RoadmapRun.state == state)
    if roadmap is not None:
        query = query.where(RoadmapRun.roadmap == roadmap)
    running = (RoadmapRun.state != "running").asc()
    return (await db.scalars(query.order_by(running, RoadmapRun.begun_at.desc(), RoadmapRun.id))).all()


async def steps(db: Db, identity: str) -> Sequence[RoadmapStep]:
    """Return the activities and gates of a roadmap, in its order."""
    query = select(RoadmapStep).where(RoadmapStep.run == identity).order_by(RoadmapStep.place, RoadmapStep.id)
    return (await db.scalars(query)).all()


async def step(db: Db, identity: str, name: str) -> RoadmapStep | None:
    """Return one activity or gate, or None when there is no such."""
    return await db.get(RoadmapStep, (identity, name))


async def events(
    db: Db, identity: str, *, after: int = 0, kinds: Collection[str] = (), limit: int = 200
) -> Sequence[RoadmapEvent]:
    """Return what happened to a roadmap behind a number, in order."""
    query = select(RoadmapEvent).where(RoadmapEvent.run == identity, RoadmapEvent.number > after)
    if kinds:
        query = query.where(RoadmapEvent.kind.in_(list(kinds)))
    return (await db.scalars(query.order_by(RoadmapEvent.number).limit(limit))).all()


async def decisions(db: Db, identity: str) -> Sequence[RoadmapDecision]:
    """Return what was decided at the gates of a roadmap, in order."""
    query = select(RoadmapDecision).where(RoadmapDecision.run == identity)
    return (await db.scalars(query.order_by(RoadmapDecision.number))).all()


async def baselines(db: Db, identity: str) -> Sequence[RoadmapBaseline]:
    """Return the plans that were kept of a roadmap, the first one first."""
    query = select(RoadmapBaseline).where(RoadmapBaseline.run == identity)
    return (await db.scalars(query.order_by(RoadmapBaseline.number))).all()


async def journal(db: Db, identity: str) -> JSON:
    """Return all that a roadmap remembers which has ended; None for one that runs, or ended before that was kept."""
    row = await db.get(RoadmapJournal, identity)
    return None if row is None else row.journal


def _run(news: RoadmapNews) -> dict[str, Any]:
    said = news.run
    names = ("roadmap", "key", "version", "title", "state", "light", "phase", "done", "steps", "risks", "owners")
    ended = said["state"] != "running"
    return {
        **{name: said[name] for name in (*names, "planner", "sponsor")},
        **{name: date.fromisoformat(said[name]) for name in ("start", "finish")},
        "baseline_finish": date.fromisoformat(said["baselineFinish"]),
        "ended_at": _moment(news.events[-1]["at"]) if ended else None,
    }


async def _write_steps(db: Db, news: RoadmapNews) -> None:
    changed = [each["id"] for each in news.steps]
    # Deleted and written anew: two statements, however many of them there are.
    for ids in _parts([*changed, *news.gone]):
        await db.execute(delete(RoadmapStep).where(RoadmapStep.run == news.id, RoadmapStep.id.in_(ids)))
    if news.steps:
        await insert_all(db, RoadmapStep, [_step(news.id, each) for each in news.steps])


def _parts(ids: Sequence[str], size: int = 500) -> list[Sequence[str]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def _step(run: str, said: Mapping[str, JSON]) -> dict[str, Any]:
    names = ("id", "place", "kind", "phase", "wave", "title", "pillar", "owner", "approvers", "state")
    days = {name: _day(said[name]) for name in ("start", "finish", "started", "finished")}
    return {
        "run": run,
        **{name: said[name] for name in (*names, "critical", "percent", "budget", "spent")},
        **days,
        "baseline_start": _day(said["baselineStart"]),
        "baseline_finish": _day(said["baselineFinish"]),
        "total_float": said["totalFloat"],
        # What an older worker tells does not say it.
        "process": said.get("process"),
    }


async def _write_events(db: Db, news: RoadmapNews) -> None:
    rows = [_event(news.id, each) for each in news.events]
    await insert_all(db, RoadmapEvent, rows)
    for event in news.events:
        key = {"run": news.id, "number": event["number"], "at": _moment(event["at"]), "by": event["by"]}
        if event["kind"] == "gate-decided":
            about = {name: event[name] for name in ("gate", "round", "outcome", "evidence")}
            await insert_new(db, RoadmapDecision, {**key, **about})
        elif event["kind"] == "baseline-set":
            kept = {name: event[name] for name in ("reason", "budget", "plan")}
            await insert_new(db, RoadmapBaseline, {**key, **kept, "finish": date.fromisoformat(event["finish"])})


def _event(run: str, event: Mapping[str, JSON]) -> dict[str, Any]:
    about = next((str(event[name]) for name in _ABOUT if name in event), "")
    data = {name: value for name, value in event.items() if name not in _OUTSIDE}
    known = {"number": event["number"], "kind": event["kind"], "by": event["by"], "at": _moment(event["at"])}
    return {"run": run, **known, "about": about, "data": data}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
