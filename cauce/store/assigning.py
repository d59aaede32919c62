"""Gives a task to somebody in the transaction that makes its row, so that choices see those before them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, update

from cauce.absence import local_day
from cauce.assignment import Choice, Person, Situation, choose, pool_of, strategy_of
from cauce.contract import HumanTask
from cauce.permissions import Thing, decide
from cauce.store import absences, people, permissions
from cauce.store.base import utc_now
from cauce.store.models import Rota, Task
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new

JSON = Any
_QUEUE: Final = ""
_COUNTING: Final = frozenset({"least-loaded", "round-robin"})


@dataclass(frozen=True, slots=True)
class Given:
    """For whom a task is, and why."""

    user: str | None
    group: str | None
    assignment: JSON = None


async def given_to(db: Db, task: HumanTask) -> Given:
    """Return for whom a task is; what was decided for the same question is not decided again."""
    rules: list[Mapping[str, JSON]] = list(task.assign)
    if not rules and task.user and task.at:
        rules = [{"user": task.user, "group": task.group}]
    if not rules:
        return Given(task.user, task.group)
    asked = _fingerprint(rules)
    if any(strategy_of(rule) in _COUNTING for rule in rules):
        await _wait_for_turn(db)
    before = await db.get(Task, task.id, populate_existing=True)
    if before is not None and (before.assignment or {}).get("asked") == asked:
        return Given(before.user, before.group, before.assignment)
    choice = await _chosen(db, task, rules)
    about = {"policy": task.policy} if task.policy else {}
    return Given(choice.user, choice.group, {**choice.reason, **about, "asked": asked})


async def _chosen(db: Db, task: HumanTask, rules: Sequence[Mapping[str, JSON]]) -> Choice:
    at = datetime.fromisoformat(task.at) if task.at else utc_now()
    day = local_day(at)
    rules = [await _with_sticky(db, task, rule) for rule in rules]
    pools = [pool_of(rule, task.form) for rule in rules if strategy_of(rule) == "round-robin"]
    everybody = await people.everybody(db)
    may = await _let(db, task, everybody)
    now = Situation(
        may,
        day,
        await absences.on(db, day),
        task.form,
        task.data,
        frozenset(task.different_from),
        everybody.keys() - may.keys(),
        await _last(db, pools),
    )
    choice = choose(rules, now)
    if choice.pool is not None and choice.user is not None:
        await _note_turn(db, choice.pool, choice.user)
    return choice


@dataclass(frozen=True, slots=True)
class _Principal:
    """Somebody who may be given tasks, as permissions see them; what a token allows does not matter."""

    name: str
    roles: frozenset[str]
    groups: frozenset[str]
    limited: bool = False


async def _let(db: Db, task: HumanTask, everybody: dict[str, Person]) -> dict[str, Person]:
    """Return those whom permissions let work at the task."""
    thing = Thing.of(task.definition, task.form)
    grants = [each for each in await permissions.grants(db) if each.covers(thing)]
    if not grants:
        return everybody
    return {
        name: each
        for name, each in everybody.items()
        if decide(_Principal(name, each.roles, each.groups), "work", thing, grants).allowed
    }


async def _with_sticky(db: Db, task: HumanTask, rule: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """Add who did the same task of the same case before, if the instance itself does not know of any."""
    if strategy_of(rule) != "sticky" or rule.get("sticky") or not task.business_key:
        return rule
    query = (
        select(Task.closed_by)
        .where(Task.business_key == task.business_key, Task.definition == task.definition, Task.name == task.name)
        .where(Task.state == "completed", Task.closed_by.is_not(None))
        .order_by(Task.closed_at.desc(), Task.id)
        .limit(1)
    )
    return {**rule, "sticky": (await db.scalars(query)).first()}


async def _wait_for_turn(db: Db) -> None:
    """Let one transaction choose at a time, over all groups: people are in several, and have one load."""
    await insert_new(db, Rota, {"pool": _QUEUE, "last": "", "turns": 0})
    await changed(db, update(Rota).where(Rota.pool == _QUEUE).values(turns=Rota.turns + 1))


async def _last(db: Db, pools: Sequence[str]) -> dict[str, str]:
    if not pools:
        return {}
    rows = await db.execute(select(Rota.pool, Rota.last).where(Rota.pool.in_(pools)))
    return {pool: last for pool, last in rows.all() if last}


async def _note_turn(db: Db, pool: str, user: str) -> None:
    await insert_new(db, Rota, {"pool": pool, "last": "", "turns": 0})
    await changed(db, update(Rota).where(Rota.pool == pool).values(last=user, turns=Rota.turns + 1))


def _fingerprint(rules: Sequence[Mapping[str, JSON]]) -> str:
    return hashlib.sha256(json.dumps(rules, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]
