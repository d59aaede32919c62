"""Brings two sides of a row together, by what both agreed on last; nothing here knows of systems or of the store.

A field that one side has changed goes to the other. A field that both have changed differently is in conflict, unless a
rule or a person decides; until then it stays on each side as it is, and everything else goes on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cauce.sync import Gone, Side

JSON = Any
Fields = Mapping[str, JSON]
# Says which side a field is taken from that both have changed; None when nobody has decided that.
Decide = Callable[[str], Side | None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What each side is to hold (None: no row), what is agreed on then, and what waits for a person.

    `doubt` says that the person has to decide about the whole row, which one side has deleted and the other changed.
    """

    source: Fields | None
    target: Fields | None
    agreed: Fields | None
    conflicts: tuple[str, ...] = ()
    doubt: bool = False

    @property
    def waits(self) -> bool:
        """Whether somebody has to decide something."""
        return self.doubt or bool(self.conflicts)

    def side(self, side: Side) -> Fields | None:
        """Return what a side is to hold."""
        return self.source if side == "source" else self.target


def nobody(_: str) -> Side | None:
    """Decide nothing."""
    return None


def plan(
    ancestor: Fields | None,
    source: Fields | None,
    target: Fields | None,
    *,
    decide: Decide = nobody,
    gone: Gone = "person",
    deletes: frozenset[Side] = frozenset(),
) -> Plan:
    """Return what is to become of a row; `deletes` are the sides from which rows are taken away."""
    if source is not None and target is not None:
        return merge(ancestor or {}, source, target, decide)
    there = target if source is None else source
    if there is None:
        return Plan(None, None, None)
    if ancestor is None:
        return Plan(there, there, there)
    remains: Side = "target" if source is None else "source"
    if remains not in deletes:
        return Plan(source, target, ancestor)
    if gone == "person" and not equal(there, ancestor):
        return Plan(source, target, ancestor, doubt=True)
    kept = there if gone == "keep" and not equal(there, ancestor) else None
    return Plan(kept, kept, kept)


def merge(ancestor: Fields, source: Fields, target: Fields, decide: Decide = nobody) -> Plan:
    """Merge two rows field by field; a field that is not there is as one without a value."""
    here: dict[str, JSON] = {}
    there: dict[str, JSON] = {}
    agreed: dict[str, JSON] = {}
    conflicts = []
    for name in {**source, **target, **ancestor}:
        was, mine, yours = ancestor.get(name), source.get(name), target.get(name)
        side = _side(was, mine, yours) or decide(name)
        if side is None:
            conflicts.append(name)
            here[name], there[name], agreed[name] = mine, yours, was
        else:
            here[name] = there[name] = agreed[name] = mine if side == "source" else yours
    return Plan(here, there, agreed, tuple(conflicts))


def equal(one: JSON, other: JSON) -> bool:
    """Return whether two values are the same; true is not 1, and what is null need not be there."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return all(equal(one.get(name), other.get(name)) for name in {**one, **other})
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


def _side(was: JSON, mine: JSON, yours: JSON) -> Side | None:
    if equal(mine, yours) or equal(yours, was):
        return "source"
    return "target" if equal(mine, was) else None
