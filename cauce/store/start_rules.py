"""Which processes an event starts: found by an index, without looking at any definition."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, exists, select

from cauce.bound_filters import bound
from cauce.event_filters import Filter
from cauce.store.base import JSON
from cauce.store.models.starting import EventSet, StartRule
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_all

# Without any filter a strategy takes every event.
_EVERYTHING: Sequence[Mapping[str, JSON]] = ({"with": {}},)


@dataclass(frozen=True, slots=True)
class Match:
    """A process that an event concerns: for each of its filters that fits, the values that the event correlates by."""

    definition: str
    rule: str
    found: Mapping[int, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Strategy:
    """What `schedule.on` says, with its filters in the order of their numbers: first those, then those of `until`."""

    kind: str
    filters: Sequence[Mapping[str, JSON]]
    until: str | None = None
    until_kind: str = ""
    until_filters: Sequence[Mapping[str, JSON]] = ()

    @property
    def collects(self) -> bool:
        """Whether one event is not enough."""
        return self.kind == "all" or self.until is not None or bool(self.until_kind)


def strategy_of(on: Mapping[str, JSON]) -> Strategy:
    """Read a `schedule.on`."""
    kind, filters = _filters(on)
    until = on.get("until")
    if isinstance(until, Mapping):
        until_kind, until_filters = _filters(until)
        return Strategy(kind, filters, until_kind=until_kind, until_filters=until_filters)
    return Strategy(kind, filters, until=until)


async def follow(db: Db, definition: str, document: JSON) -> None:
    """Let the latest version of a process say what starts it; what was collected for another rule is forgotten."""
    schedule = document.get("schedule") if isinstance(document, dict) else None
    on = schedule.get("on") if isinstance(schedule, dict) else None
    rule = digest_of(on) if isinstance(on, dict) else ""
    others = EventSet.definition == definition, EventSet.rule != rule, EventSet.state == "open"
    await changed(db, delete(EventSet).where(*others))
    await changed(db, delete(StartRule).where(StartRule.definition == definition))
    if isinstance(on, dict):
        await insert_all(db, StartRule, rows_of(definition, on))


def rows_of(definition: str, on: Mapping[str, JSON]) -> list[dict[str, JSON]]:
    """Return the rows that say which events a `schedule.on` wants."""
    strategy, rule = strategy_of(on), digest_of(on)
    rows = []
    for number, each in enumerate((*strategy.filters, *strategy.until_filters)):
        filter_ = Filter(each, ()).bind(None, {})
        index = bound(filter_).index()
        place = {"definition": definition, "rule": rule, "number": number}
        rows.append({**place, "type": index.type, "source": index.source, "filter": filter_})
    return rows


async def matches(db: Db, event: Mapping[str, JSON]) -> list[Match]:
    """Return which processes an event concerns, by their name."""
    query = (
        select(StartRule.definition, StartRule.rule, StartRule.number, StartRule.filter)
        .where(StartRule.type.in_(["", event["type"]]), StartRule.source.in_(["", event["source"]]))
        .order_by(StartRule.definition, StartRule.number)
    )
    found: dict[tuple[str, str], dict[int, Mapping[str, str]]] = {}
    for row in (await db.execute(query)).all():
        values = bound(row.filter).correlated(event, {})
        if values is not None:
            found.setdefault((row.definition, row.rule), {})[row.number] = values
    return [Match(definition, rule, numbers) for (definition, rule), numbers in found.items()]


async def any_for(db: Db, types: Sequence[str]) -> bool:
    """Tell whether a rule may want an event of one of these types."""
    return bool(await db.scalar(select(exists().where(StartRule.type.in_(["", *types])))))


def digest_of(on: JSON) -> str:
    """Return what tells one `schedule.on` from another."""
    text = json.dumps(on, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]


def _filters(strategy: Mapping[str, JSON]) -> tuple[str, Sequence[Mapping[str, JSON]]]:
    kind = next(each for each in ("one", "any", "all") if each in strategy)
    filters = [strategy["one"]] if kind == "one" else strategy[kind]
    return kind, filters or _EVERYTHING
