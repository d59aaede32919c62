"""Covers personal data of tasks and instances for who may not see it, and takes covers back out of their answers."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from cauce.permissions import Thing
from cauce.personal import Veil, names_in, names_of_bundle, names_of_form
from cauce.services.hub import Actor, Role
from cauce.store import definitions, tasks
from cauce.store.models import Notification, Task
from cauce.store.session import Db

if TYPE_CHECKING:
    from collections.abc import Callable

    from cauce.services.tasks import TaskView

JSON = Any
# What came from outside belongs to no process; only a grant for everything opens it.
_NOWHERE: Final = Thing("", "")
_TASK: Final = "/tasks/"
_SEEING: Final[tuple[Role, ...]] = ("staff", "manager", "operator", "integrator")
_CONTRACTS: Final = frozenset({"capability", "connection", "form"})


def covered(view: "Callable[[Task, Actor], TaskView]") -> "Callable[[Task, Actor], TaskView]":
    """Return the function that shows a task, with what is personal in it covered for who may not see that."""

    def shown(row: Task, actor: Actor) -> "TaskView":
        found, veil = view(row, actor), veil_of(row, actor)
        if not veil.names:
            return found
        data, answer, title, returned, note = veil.cover(row.data, row.answer, row.title, row.returned, row.note)
        open_to_all = replace(found, data=data, answer=answer, title=title, returned=returned, note=note, customer="")
        return replace(open_to_all, covered=True)

    return shown


def veil_of(row: Task, actor: Actor) -> Veil:
    """Return what covers a task for somebody: nothing does for who may see personal data."""
    # Nearly all who work may see it all: whoever may, for them a list of tasks does not go through each one's form.
    may = actor.decide("personal", Thing.of(row.definition, row.form)).allowed
    return Veil(frozenset() if may else names_of_form(row.form_document))


def veil_of_form(actor: Actor, definition: str, form: JSON) -> Veil:
    """Return what covers what is shown beside a form of a process for somebody."""
    name = str((form or {}).get("form", ""))
    may = actor.decide("personal", Thing.of(definition, name)).allowed
    return Veil(frozenset() if may else names_of_form(form))


def sentences(row: Task, actor: Actor, *said: str) -> list[str]:
    """Return what people or processes said of a task, without what is personal in it for who looks."""
    return [str(each) for each in veil_of(row, actor).cover([row.data, row.answer, row.returned], *said)[1:]]


async def told(db: Db, row: Notification, actor: Actor) -> tuple[str, str]:
    """Return the title and text of what somebody is told, which often say what the task is about."""
    if not row.link.startswith(_TASK) or (not actor.grants and actor.may(*_SEEING)):
        return row.title, row.text
    task = await tasks.find_task(db, row.link.removeprefix(_TASK).partition("#")[0])
    title, text = sentences(task, actor, row.title, row.text) if task else (row.title, row.text)
    return title, text


async def begun(db: Db, row: Task, actor: Actor) -> JSON:
    """Return what an earlier answer to the same question is to who looks."""
    return veil_of(row, actor).cover(row.data, await earlier_answer(db, row))[1]


async def typed(db: Db, row: Task, actor: Actor, draft: JSON) -> JSON:
    """Return a draft with covers for what was in the task; who has typed a value knows it."""
    veil = veil_of(row, actor)
    veil.cover(row.data, await earlier_answer(db, row) if veil.names else None)
    return veil.cover_known(draft)


async def uncovered(db: Db, row: Task, answer: JSON) -> JSON:
    """Return an answer as it is meant: where it holds a cover, the value that stood there.

    Raises:
        InputError: It has a cover where nothing of the kind stood.
    """
    veil = Veil(names_of_form(row.form_document))
    if not veil.names:
        return answer
    veil.cover(row.data, await earlier_answer(db, row))
    return veil.uncover(answer)


async def earlier_answer(db: Db, row: Task) -> JSON:
    """Return the last answer to the same question, which a case that was sent back is asked again."""
    if not row.returned:
        return row.answer
    rows = await tasks.tasks_of_instance(db, row.instance)
    before = [each.answer for each in rows if each.reference == row.reference and each.state == "completed"]
    return row.answer if row.answer is not None else (before[-1] if before else None)


async def veil_of_process(db: Db, actor: Actor, definition: str, version: str | None = None) -> Veil:
    """Return what covers the data of a process's instances for somebody."""
    thing = Thing.of(definition)
    if actor.decide("personal", thing).allowed:
        return Veil(frozenset())
    row = await definitions.find(db, "process", thing.namespace, definition.rpartition(".")[2], version)
    return Veil(names_of_bundle(row.bundle) if row else frozenset())


async def veil_of_all(db: Db, actor: Actor, thing: Thing = _NOWHERE) -> Veil:
    """Return what covers data of which nobody knows by which form it came: all names that anything published marks."""
    if actor.decide("personal", thing).allowed:
        return Veil(frozenset())
    rows = await definitions.latest(db)
    names = [names_of_bundle(row.bundle) for row in rows if row.kind == "process"]
    names += [names_in(row.document) for row in rows if row.kind in _CONTRACTS]
    return Veil(frozenset().union(*names))
