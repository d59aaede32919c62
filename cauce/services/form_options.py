"""What can be chosen in a field whose values a connection knows, found by what somebody typed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cauce.errors import NotFoundError
from cauce.form_rules import path_of, rules_of
from cauce.personal import Veil
from cauce.services import lookups, tasks
from cauce.services.hub import Actor, Hub
from cauce.services.permissions import covering
from cauce.services.start_drafts import Beginning

JSON = Any
MOST: Final = 30
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Option:
    """One value that can be chosen, as it is shown, and what fields beside it get from it."""

    value: str | int | float
    label: str
    fill: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Options:
    """What was found; with a `problem` it is what was known at `at`, or nothing."""

    options: tuple[Option, ...] = ()
    more: bool = False
    problem: str = ""
    at: datetime | None = None


async def search(hub: Hub, actor: Actor, task_id: str, pointer: str, values: JSON, text: str) -> Options:
    """Return what can be chosen in the field at a pointer, for who sees the task."""
    task = await tasks.task(hub, actor, task_id)
    _wanted(task.form_document, pointer)
    async with hub.store.read() as db:
        row = await tasks.visible(db, actor, task_id)
        # What is asked with is the data itself; what comes back is covered like the task.
        values = await covering.uncovered(db, row, values)
    asked = _Asked(row.form_document, row.data, task.data, covering.veil_of(row, actor))
    return await _search(hub, asked, pointer, values, text)


async def search_start(hub: Hub, actor: Actor, asked: Beginning, pointer: str, values: JSON, text: str) -> Options:
    """Return what can be chosen in the field at a pointer of a form that starts a process; there is no case yet."""
    veil = covering.veil_of_form(actor, asked.process, asked.form)
    return await _search(hub, _Asked(asked.form, {}, {}, veil), pointer, values, text)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The form that is asked for, the data of its case, as it is and as somebody sees it, and what covers it."""

    form: JSON
    data: JSON
    shown: JSON
    veil: Veil


def _wanted(form: JSON, pointer: str) -> Mapping[str, JSON]:
    wanted: Mapping[str, JSON] | None = ((form.get("ui") or {}).get("options") or {}).get(path_of(pointer))
    if wanted is None:
        raise NotFoundError("Nothing is looked up for this field.", hint="Reload the page.")
    return wanted


async def _search(hub: Hub, asked: _Asked, pointer: str, values: JSON, text: str) -> Options:
    wanted = _wanted(asked.form, pointer)
    answer = rules_of(asked.form, asked.data).settle(values)
    variables = {"search": text.strip()[:_LONGEST], "data": asked.data, "row": _row(answer, pointer)}
    params = lookups.params_of(wanted.get("with"), answer, variables)
    if params is None:
        return Options()
    found = await lookups.ask(hub, wanted["call"], params)
    _, listed = asked.veil.cover(asked.data, found.answer)
    entries = _value(wanted.get("list") or ".", listed, asked.shown)
    entries = entries if isinstance(entries, list) else []
    made = [_option(wanted, entry, asked.shown) for entry in entries[:MOST]]
    options = tuple(each for each in made if each is not None)
    if found.problem and not options and variables["search"]:
        # Work goes on while a system is down: what was typed can be taken as it is.
        options = (Option(str(variables["search"]), str(variables["search"])),)
    return Options(options, len(entries) > MOST, found.problem, found.at if found.problem else None)


def _option(wanted: Mapping[str, JSON], entry: JSON, data: JSON) -> Option | None:
    value = _value(wanted["value"], entry, data)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    label = _value(wanted["label"], entry, data) if "label" in wanted else None
    filled = {name: _value(text, entry, data) for name, text in (wanted.get("fill") or {}).items()}
    fill = {name: each for name, each in filled.items() if isinstance(each, str | int | float)}
    return Option(value, str(value if label is None else label)[:_LONGEST], fill)


def _value(text: str, entry: JSON, data: JSON) -> JSON:
    return rules_of({}, data).evaluate(text, entry, None)


def _row(answer: JSON, pointer: str) -> JSON:
    """Return the map that the field at a pointer is in."""
    found = answer
    for part in pointer.strip("/").split("/")[:-1]:
        if isinstance(found, list):
            found = found[int(part)] if part.isdecimal() and int(part) < len(found) else None
        else:
            found = found.get(part) if isinstance(found, Mapping) else None
    return found
