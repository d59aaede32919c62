"""What a clock does when it escalates: it tells people, gives open tasks to others, and makes them more urgent."""

import uuid
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from babel.dates import format_datetime, get_timezone
from sqlalchemy import select

from cauce.store import audit, holders, notifications, task_acts
from cauce.store.base import JSON, utc_now
from cauce.store.models import Clock, Task
from cauce.store.notifications import Told
from cauce.store.session import Db

_MOST_PEOPLE: Final = 500
_SAID: Final[Mapping[str, str]] = {
    "en": "{percent} % of the time has passed; it is due {due}.",
    "es": "Ha pasado el {percent} % del tiempo; vence el {due}.",
}


async def climb(db: Db, clock: Clock, percent: int, act: Mapping[str, JSON]) -> None:
    """Do what one step of the ladder of a clock asks for."""
    wanted = [Task.instance == clock.instance, Task.closed_at.is_(None)]
    if act["tasks"]:
        wanted.append(Task.name.in_(act["tasks"]))
    if act.get("unclaimed"):
        wanted.append(Task.claimed_by.is_(None))
    does = {name: act[name] for name in ("notify", "assign", "raise") if name in act}
    tasks = (await db.scalars(select(Task).where(*wanted).order_by(Task.id))).all()
    if act.get("unclaimed") and not tasks:
        return
    # Before anything is given to others: who has it until now is told.
    people = await holders.told(db, does.get("notify"), clock.instance, tasks)
    if people:
        does["notify"] = holders.named(people)
    for id_ in [each.id for each in tasks]:
        task = await task_acts.locked(db, id_)
        if task is None:
            continue
        _move(task, does)
        for whom in people:
            _show(task, whom)
        data = {"instance": clock.instance, "clock": clock.name, "step": act["step"], **does}
        await audit.append(db, f"clock:{clock.name}", "task.escalate", id_, data)
    for whom in people:
        await _tell(db, clock, percent, act["step"], whom)


def _move(task: Task, does: Mapping[str, JSON]) -> None:
    if "assign" in does:
        to = does["assign"]
        task_acts.assign(task, user=to.get("user"), group=to.get("group"), note=task.note)
    if "raise" in does:
        task_acts.set_priority(task, task.priority + does["raise"])


def _show(task: Task, whom: Mapping[str, JSON]) -> None:
    """Let who is told of a task look at it; who is told again could already."""
    known = [{key: each[key] for key in ("group", "user") if key in each} for each in task.told]
    if whom not in known:
        task.told = [*task.told, {**whom, "at": utc_now().isoformat()}]


async def _tell(db: Db, clock: Clock, percent: int, step: str, whom: Mapping[str, JSON]) -> None:
    people = await notifications.readers(db, group=whom.get("group"), person=whom.get("user"))
    for each in people[:_MOST_PEOPLE]:
        title = f"{notifications.label(clock.title, each.locale)}: {clock.business_key or clock.instance}"
        # In the zone of the hub, as pages show it.
        due = format_datetime(clock.due_at, "medium", tzinfo=get_timezone(), locale=each.locale)
        text = _SAID.get(each.locale, _SAID["en"]).format(percent=percent, due=due)
        id_ = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{clock.id} {step} {each.name}"))
        link = f"/instances/{quote(clock.instance, safe='/')}"
        told = Told(id_, each.name, title, text, link, clock.instance, "late")
        await notifications.add(db, told, each.by_mail("late"))
