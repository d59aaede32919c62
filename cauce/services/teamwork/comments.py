"""What people say to each other about a task: everybody who may see it reads it, and whoever is named is told."""

from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from cauce.errors import ConflictError, InputError
from cauce.services.hub import Actor, Hub, Role
from cauce.services.permissions import covering
from cauce.services.tasks import may_see, view, visible
from cauce.services.teamwork import mentions
from cauce.services.users import actor_in, actors_in
from cauce.services.visibility import require_sight
from cauce.store import audit, comments, notifications, users
from cauce.store.models import Comment, Task
from cauce.store.notifications import Told
from cauce.store.session import Db

JSON = Any
speakers: tuple[Role, ...] = ("staff", "manager", "operator")
longest: Final = 4_000
most_mentions: Final = 20
most_of_task: Final = 1_000
most_rows: Final = 200
_SHOWN_IN_NOTE: Final = 300
_MENTIONED: Final = {"en": "{by} mentions you: {title}", "es": "{by} le menciona: {title}"}


@dataclass(frozen=True, slots=True)
class CommentView:
    """What somebody said about a task, and who was told because they are named in it."""

    id: int
    task: str
    instance: str
    by: str
    at: datetime
    text: str
    mentions: tuple[str, ...]
    title: JSON = None


async def add(hub: Hub, actor: Actor, task_id: str, text: str) -> CommentView:
    """Say something about a task that one may see, also when it is over; who is named with an @ is told.

    It is never changed or taken back, as it may be why somebody decided as they did. The same text sent again, as
    after a lost answer, is not said twice.
    """
    text = _checked(text)
    async with hub.store.transaction() as db:
        row = await visible(db, actor, task_id)
        actor.require("comment on tasks", *speakers)
        last = next(iter(await comments.of_task(db, task_id, limit=1)), None)
        if last is not None and (last.by, last.text) == (actor.name, text):
            return _view(last)
        if await comments.count(db, task_id) >= most_of_task:
            raise ConflictError(f"A task has at most {most_of_task:,} comments.", hint="Speak to each other instead.")
        people = await _named(db, row, text)
        added = await comments.add(db, row, by=actor.name, text=text, mentions=people)
        for name in people:
            if name != actor.name:
                await _tell(db, name, row, added)
        said = {"instance": row.instance, "comment": added.id, "text": text, "mentions": people}
        await audit.append(db, actor.name, "task.comment", task_id, said)
    return _view(added)


async def of_task(
    hub: Hub, actor: Actor, task_id: str, *, before: int | None = None, limit: int = 50
) -> list[CommentView]:
    """Return what was said about a task that one may see, the newest first."""
    async with hub.store.read() as db:
        task = await visible(db, actor, task_id)
        found = await comments.of_task(db, task_id, before=before, limit=max(1, min(limit, most_rows)))
    return [_covered(_view(row), task, actor) for row in found]


async def of_instance(hub: Hub, actor: Actor, instance: str) -> list[CommentView]:
    """Return what was said last about the tasks of an instance, as far as one may see these; the newest first."""
    require_sight(actor, instance)
    async with hub.store.read() as db:
        found = await comments.of_instance(db, instance, limit=most_rows)
    seen = [(comment, task) for comment, task in found if may_see(task, actor)]
    return [_covered(_view(comment, view(task, actor).title), task, actor) for comment, task in seen]


async def may_be_named(hub: Hub, actor: Actor, task_id: str, *, limit: int = 30) -> list[str]:
    """Return some of those who may be named in a comment: others who may see the task."""
    async with hub.store.read() as db:
        row = await visible(db, actor, task_id)
        return [each for each in await _seers(db, row) if each != actor.name][:limit]


def _covered(said: CommentView, task: Task, actor: Actor) -> CommentView:
    """Return a comment without what is personal in its task; whoever wrote it knows what they wrote."""
    return said if said.by == actor.name else replace(said, text=covering.sentences(task, actor, said.text)[0])


def _checked(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    problem = "" if text else "Write something first."
    if len(text) > longest:
        problem = f"A comment has at most {longest:,} characters."
    elif len(mentions.named(text)) > most_mentions:
        problem = f"A comment names at most {most_mentions} people."
    if problem:
        raise InputError(problem, errors=[{"pointer": "/text", "problem": problem}])
    return text


async def _named(db: Db, row: Task, text: str) -> list[str]:
    """Return the accounts that are named in a text; refuse names of others than those who may see the task."""
    people: list[str] = []
    for written in mentions.named(text):
        name = await _account(db, written)
        seer = await actor_in(db, name) if name else None
        if seer is None or not may_see(row, seer):
            raise await _refused(db, row, written)
        people.append(seer.name)
    return list(dict.fromkeys(people))


async def _account(db: Db, written: str) -> str | None:
    if await users.find(db, written) is not None:
        return written
    alike = [row.name for row in await users.list_all(db) if row.name.casefold() == written.casefold()]
    return alike[0] if len(alike) == 1 else None


async def _refused(db: Db, row: Task, written: str) -> InputError:
    """Say the same of who is not there and of who may not see the task, and name only those who may."""
    problem = f"Nobody called '{written}' may see this task."
    seers = await _seers(db, row)
    some = ", ".join(f"@{each}" for each in get_close_matches(written, seers, n=3) or seers[:5])
    hint = f"Those who may are {some}. " if some else ""
    errors = [{"pointer": "/text", "problem": problem, "name": written, "people": some}]
    return InputError(problem, hint=f"{hint}With a space after the @ nobody is meant.", errors=errors)


async def _seers(db: Db, row: Task) -> list[str]:
    """Return who may see a task, by name; who only stands in for somebody may be named, but is not proposed."""
    return [each.name for each in await actors_in(db) if may_see(row, each)]


async def _tell(db: Db, person: str, row: Task, said: Comment) -> None:
    """Tell somebody in their language that they are named."""
    text = said.text if len(said.text) <= _SHOWN_IN_NOTE else f"{said.text[:_SHOWN_IN_NOTE]}…"
    seer = await actor_in(db, person)
    shown = view(row, seer).title if seer else row.name
    for each in await notifications.readers(db, person=person):
        about = notifications.label(shown, each.locale) or row.name
        title = _MENTIONED.get(each.locale, _MENTIONED["en"]).format(by=said.by, title=about)
        known = str(uuid5(NAMESPACE_OID, f"comment/{said.id}/{each.name}"))
        note = Told(known, each.name, title, text, f"/tasks/{row.id}#comments", row.instance, "mention")
        await notifications.add(db, note, each.by_mail("mention"))


def _view(row: Comment, title: JSON = None) -> CommentView:
    return CommentView(row.id, row.task, row.instance, row.by, row.at, row.text, tuple(row.mentions), title)
