"""The views of the inbox that a person keeps: filters and columns under a name, theirs alone, wherever they log in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from cauce.errors import ConflictError, InputError, NotFoundError
from cauce.services.hub import Actor, Hub
from cauce.store import inbox_views
from cauce.store.inbox import Filters
from cauce.store.models import InboxView
from cauce.store.session import Db
from cauce.urgency import SEVERITIES

JSON = Any
WHICH: Final = ("all", "mine", "groups", "available", "late", "set-aside", "delegated")
COLUMNS: Final = (
    *(
        "case",
        "process",
        "customer",
        "group",
        "holder",
        "due",
        "came",
        "clock",
        "severity",
        "value",
        "priority",
        "kind",
    ),
)
USUAL: Final = ("case", "process", "group", "holder", "due", "clock")
MOST_VIEWS: Final = 50
_LONGEST_NAME: Final = 80
_LONGEST: Final = 200
_FILTERS: Final[Mapping[str, Sequence[str] | None]] = {
    "which": WHICH,
    "group": None,
    "form": None,
    "definition": None,
    "severity": SEVERITIES,
    "text": None,
}


@dataclass(frozen=True, slots=True)
class View:
    """A view that somebody keeps; the `standard` one is what their inbox opens with."""

    id: str
    name: str
    filters: dict[str, str]
    columns: tuple[str, ...]
    standard: bool
    saved_at: datetime


def meaning(filters: Mapping[str, str]) -> Filters:
    """Return what the filters of a view mean to the store."""
    which = filters.get("which", "all")
    return Filters(
        mine=which == "mine",
        of_groups=which == "groups",
        free=which == "available",
        late=which == "late",
        set_aside=which == "set-aside",
        delegated=which == "delegated",
        group=filters.get("group") or None,
        form=filters.get("form") or None,
        definition=filters.get("definition") or None,
        severity=filters.get("severity") or None,
        text=filters.get("text", ""),
    )


async def of_person(hub: Hub, actor: Actor) -> list[View]:
    """Return the views of the actor, by name."""
    async with hub.store.read() as db:
        return await found(db, actor)


async def found(db: Db, actor: Actor) -> list[View]:
    """Return the views of the actor out of a session that is open."""
    return [_view(row) for row in await inbox_views.of_person(db, actor.name)]


async def save(
    hub: Hub,
    actor: Actor,
    name: str,
    filters: Mapping[str, JSON],
    columns: Sequence[str],
    *,
    standard: bool = False,
    view_id: str | None = None,
) -> View:
    """Keep a view: another one, or in the place of the one with this id, else of the one with this name."""
    name = name.strip()
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise InputError(f"A view has a name of at most {_LONGEST_NAME} characters.", hint="Give it a short one.")
    kept, shown = _checked(filters), _known(columns)
    async with hub.store.transaction() as db:
        rows = {row.id: row for row in await inbox_views.of_person(db, actor.name, locked=True)}
        named = next((row for row in rows.values() if row.name == name), None)
        if view_id is not None and view_id not in rows:
            raise _unknown()
        if view_id is not None and named is not None and named.id != view_id:
            raise ConflictError(f"You have a view '{name}' already.", hint="Give this one another name.")
        if view_id is None and named is None and len(rows) >= MOST_VIEWS:
            raise InputError(f"You keep {MOST_VIEWS} views already.", hint="Drop one that you do not need.")
        if standard:
            for each in rows.values():
                each.standard = False
        known = rows.get(view_id) if view_id is not None else named
        row = inbox_views.put(db, known, InboxView(id=str(uuid4()), person=actor.name, name=name))
        row.name, row.filters, row.columns, row.standard = name, kept, list(shown), standard
        await db.flush()
    return _view(row)


async def drop(hub: Hub, actor: Actor, view_id: str) -> None:
    """Forget a view of the actor's."""
    async with hub.store.transaction() as db:
        if not await inbox_views.drop(db, actor.name, view_id):
            raise _unknown()


def _checked(filters: Mapping[str, JSON]) -> dict[str, str]:
    """Return the filters that say something, or raise what is wrong with them."""
    for name, value in filters.items():
        allowed = _FILTERS.get(name)
        if name not in _FILTERS:
            raise InputError(f"The inbox has no filter '{name[:50]}'.", hint=f"It has {', '.join(_FILTERS)}.")
        if not isinstance(value, str) or len(value) > _LONGEST:
            raise InputError(f"The filter '{name}' is a text of at most {_LONGEST} characters.", hint="Shorten it.")
        if value and allowed is not None and value not in allowed:
            raise InputError(f"The filter '{name}' has no such value.", hint=f"It is one of {', '.join(allowed)}.")
    return {name: value for name, value in filters.items() if value and (name, value) != ("which", "all")}


def _known(columns: Sequence[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(columns))
    unknown = [each for each in found if each not in COLUMNS]
    if unknown:
        raise InputError(f"The inbox has no column '{unknown[0][:50]}'.", hint=f"It has {', '.join(COLUMNS)}.")
    return found


def _unknown() -> NotFoundError:
    return NotFoundError("You keep no such view.", hint="Look at the list of your views.")


def _view(row: InboxView) -> View:
    return View(row.id, row.name, dict(row.filters), tuple(row.columns), row.standard, row.saved_at)
