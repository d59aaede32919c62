"""What stands beside the form of a task: from its data, from the hub's customers, and looked up at a connection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from cauce.errors import NotFoundError
from cauce.form_rules import rules_of
from cauce.services import lookups, tasks
from cauce.services.hub import Actor, Hub
from cauce.services.permissions import covering
from cauce.services.tasks import TaskView
from cauce.store import customers
from cauce.store import tasks as store_tasks
from cauce.store.models import Customer
from cauce.store.session import Db

JSON = Any
Shape = Literal["value", "table", "fields", "customer", "timeline", "documents", "later"]
_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened."""

    at: str | datetime | None
    title: JSON
    text: str = ""
    by: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """One entry; `later` is one that is looked up when the page is there. A `problem` says why it may be old."""

    index: int
    title: JSON
    shape: Shape
    value: JSON = None
    columns: Mapping[str, JSON] | None = None
    labels: Mapping[str, JSON] | None = None
    problem: str = ""
    at: datetime | None = None


async def context(hub: Hub, task: TaskView) -> list[Shown]:
    """Return everything beside the form of a task that the caller may see; what is looked up comes later."""
    entries = task.form_document.get("context") or []
    async with hub.store.read() as db:
        return [
            Shown(index, each.get("title"), "later") if "call" in each else await _shown(db, task, index, each)
            for index, each in enumerate(entries)
        ]


async def looked_up(hub: Hub, actor: Actor, task_id: str, index: int) -> Shown:
    """Look up one entry beside the form of a task that the actor may see."""
    task = await tasks.task(hub, actor, task_id)
    entries = task.form_document.get("context") or []
    if not 0 <= index < len(entries) or "call" not in entries[index]:
        raise NotFoundError("Nothing is looked up here.", hint="Reload the page of the task.")
    entry = entries[index]
    async with hub.store.read() as db:
        row = await tasks.visible(db, actor, task_id)
    params = lookups.params_of(entry.get("with"), row.data, {})
    if params is None:
        return Shown(index, entry.get("title"), "value", problem="What is needed to ask for it is not known.")
    found = await lookups.ask(hub, entry["call"], params)
    if found.problem and found.at is None:
        return Shown(index, entry.get("title"), "value", problem=found.problem)
    _, answer = covering.veil_of(row, actor).cover(row.data, found.answer)
    async with hub.store.read() as db:
        shown = await _shown(db, task, index, entry, (answer,))
    at = found.at if found.problem else None
    return replace(shown, problem=found.problem, at=at)


async def _shown(db: Db, task: TaskView, index: int, entry: Mapping[str, JSON], found: Sequence[JSON] = ()) -> Shown:
    """Return an entry with its value: of what was `found`, or of the task's data."""
    rules = rules_of({}, task.data)
    value = found[0] if found else None
    if "value" in entry:
        value = rules.evaluate(entry["value"], found[0] if found else task.data, None)
    shape: Shape = entry.get("show", "value")
    match shape:
        case "customer":
            customer = await _customer(db, value)
            value = None if customer is None else _card(customer, covered=task.covered)
        case "timeline":
            value = [] if task.covered and value is not None else await _timeline(db, task, entry, value)
        case "documents":
            files = value if isinstance(value, list) else [value]
            value = [_file(each) for each in files if isinstance(each, Mapping) and isinstance(each.get("sha256"), str)]
        case "table" if isinstance(value, Mapping):
            shape = "fields"
        case "table" if not _is_table(value):
            shape = "value"
        case _:
            pass
    return Shown(index, entry.get("title"), shape, value, _columns(entry), entry.get("labels"))


def _columns(entry: Mapping[str, JSON]) -> Mapping[str, JSON] | None:
    """Return the headings in their order; that of keys in a document is not kept."""
    columns: Mapping[str, JSON] | None = entry.get("columns")
    if columns is None:
        return None
    first = [name for name in entry.get("order") or [] if name in columns]
    return {name: columns[name] for name in dict.fromkeys([*first, *columns])}


async def _customer(db: Db, value: JSON) -> Customer | None:
    """Return the customer that a value names: by any number they have, alone or in a map."""
    if isinstance(value, Mapping):
        given = {"id": value.get("id"), "tax_id": value.get("taxId")}
        named = {**given, "erp_id": value.get("erpId") or value.get("number")}
        return await customers.find(db, **{name: each for name, each in named.items() if isinstance(each, str)})
    if isinstance(value, str) and value:
        return await customers.find(db, id=value, tax_id=value, erp_id=value)
    return None


def _file(given: Mapping[str, JSON]) -> dict[str, JSON]:
    size = given.get("size")
    named = {"name": str(given.get("name") or given["sha256"][:12]), "sha256": given["sha256"]}
    return named | {"size": size if isinstance(size, int) else 0}


def _card(customer: Customer, *, covered: bool) -> dict[str, JSON]:
    if covered:
        # The hub's own customers are no definition in which anything could be marked.
        return {"erpId": customer.erp_id}
    return {
        "name": customer.name,
        "taxId": customer.tax_id,
        "erpId": customer.erp_id,
        "email": customer.email,
        "phone": customer.phone,
    }


async def _timeline(db: Db, task: TaskView, entry: Mapping[str, JSON], value: JSON) -> list[Moment]:
    if "value" not in entry and "call" not in entry:
        done = [each for each in await store_tasks.tasks_of_instance(db, task.instance) if each.closed_at]
        moments = [Moment(each.closed_at, each.title, each.state, each.closed_by or "") for each in done]
        return moments[::-1][:_MOST]
    if isinstance(value, list):
        maps = [each for each in value if isinstance(each, Mapping)]
        return [
            Moment(_at(each.get("at")), each.get("title"), str(each.get("text") or ""), str(each.get("by") or ""))
            for each in maps[:_MOST]
        ]
    customer = await _customer(db, value)
    rows = [] if customer is None else await customers.interactions(db, customer.id, _MOST)
    return [Moment(row.at, row.summary, by=row.by or "", kind=row.kind) for row in rows]


def _at(given: JSON) -> str | None:
    return given if isinstance(given, str) else None


def _is_table(value: JSON) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, Mapping) for each in value)
