"""Reads a roadmap's document: writes its waves out, and says what waits for what where the document leaves it out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from workflows.roadmap.model import Activity, Constraint, Link, LinkType, Roadmap, Rule

JSON = Any
# Longer ones earn half when they begin; nobody should wait for more than a month to see anything.
_MONTH: Final = 20
_ONE_WAVE: Final[tuple[Mapping[str, JSON], ...]] = ({"id": ""},)


def roadmap_of(document: Mapping[str, JSON]) -> Roadmap:
    """Return the roadmap of a document that fits the schema; what it names and is not there is left out."""
    names = _Names(document)
    start = document.get("start")
    return Roadmap(
        name=document["roadmap"],
        title=document["title"],
        activities=tuple(names.activities()),
        start=date.fromisoformat(start) if start else None,
        calendar=document.get("calendar", ""),
        currency=document.get("currency", "EUR"),
        contingency=_decimal((document.get("budget") or {}).get("contingency", 0)),
        phases={phase["id"]: phase["title"] for phase in document["phases"]},
    )


def written(identity: str) -> str:
    """Return the id that stands in the document for one that may be of a wave."""
    return identity.partition(".")[0]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where something stands: its phase, by number, and its wave."""

    phase: int
    wave: Mapping[str, JSON]

    def name(self, identity: str) -> str:
        return f"{identity}.{self.wave['id']}" if self.wave["id"] else identity


class _Names:
    def __init__(self, document: Mapping[str, JSON]) -> None:
        self.phases = document["phases"]
        self.phase_of = {
            each["id"]: number
            for number, phase in enumerate(self.phases)
            for each in (*phase["activities"], phase["gate"])
        }

    def activities(self) -> Iterator[Activity]:
        for number, phase in enumerate(self.phases):
            for wave in phase.get("waves") or _ONE_WAVE:
                place = _Place(number, wave)
                for each in phase["activities"]:
                    yield self._activity(place, each)
                yield self._gate(place, phase["gate"])

    def _activity(self, place: _Place, given: Mapping[str, JSON]) -> Activity:
        days = given["days"]
        rule, parts = _earning(given, days)
        scale = _decimal(place.wave.get("scale", 1))
        return Activity(
            id=place.name(given["id"]),
            phase=self.phases[place.phase]["id"],
            title=given["title"],
            days=days,
            links=self._links(place, given),
            constraint=constraint_of(given.get("constraint") or {}),
            pillar=given["pillar"],
            owner=given["owner"],
            wave=place.wave["id"],
            cost={factor: _decimal(amount) * scale for factor, amount in given["cost"].items()},
            rule=rule,
            parts=parts,
            run=given.get("run"),
        )

    def _gate(self, place: _Place, given: Mapping[str, JSON]) -> Activity:
        phase = self.phases[place.phase]
        within = [each["id"] for each in phase["activities"]]
        return Activity(
            id=place.name(given["id"]),
            phase=phase["id"],
            title=given["title"],
            days=given.get("days", 0),
            links=tuple(self._resolved(place, given.get("after", within))),
            constraint=constraint_of(given.get("constraint") or {}),
            pillar=given.get("pillar", ""),
            owner=given["approvers"][0],
            gate=True,
            wave=place.wave["id"],
        )

    def _links(self, place: _Place, given: Mapping[str, JSON]) -> tuple[Link, ...]:
        before = [self.phases[place.phase - 1]["gate"]["id"]] if place.phase else []
        after = given.get("after", before)
        found = list(self._resolved(place, after))
        if not any(self.phase_of.get(target(each)) == place.phase for each in after):
            gate = self.phases[place.phase]["gate"]["id"]
            lag = place.wave.get("lag", 0)
            found += [
                Link(f"{gate}.{wave}", lag=lag) for wave in place.wave.get("after", ()) if self._is_wave(place, wave)
            ]
        return tuple(found)

    def _is_wave(self, place: _Place, wave: str) -> bool:
        return any(each["id"] == wave for each in self.phases[place.phase]["waves"])

    def _resolved(self, place: _Place, after: JSON) -> Iterator[Link]:
        for each in after:
            identity = target(each)
            number = self.phase_of.get(identity)
            if number is None:
                continue
            kind: LinkType
            kind, lag = ("FS", 0) if isinstance(each, str) else (each.get("type", "FS"), each.get("lag", 0))
            if number == place.phase:
                yield Link(place.name(identity), kind, lag)
            else:
                for wave in self.phases[number].get("waves") or _ONE_WAVE:
                    yield Link(_Place(number, wave).name(identity), kind, lag)


def target(predecessor: JSON) -> str:
    """Return the id that an entry of `after` names."""
    found: str = predecessor if isinstance(predecessor, str) else predecessor["activity"]
    return found


def constraint_of(given: Mapping[str, str]) -> Constraint:
    """Return the days that something has to keep to."""
    days = {name: date.fromisoformat(day) for name, day in given.items()}
    return Constraint(
        days.get("startNoEarlier"), days.get("startNoLater"), days.get("finishNoEarlier"), days.get("finishNoLater")
    )


def _earning(given: Mapping[str, JSON], days: int) -> tuple[Rule, tuple[Decimal, ...]]:
    earned = given.get("earned", "0/100" if days <= _MONTH else "50/50")
    if isinstance(earned, Mapping):
        return "milestones", _weights(earned["milestones"])
    if earned == "deliverables":
        deliverables = given.get("deliverable") or ()
        return "deliverables", _weights(deliverables if isinstance(deliverables, list) else [{}])
    rule: Rule = earned
    return rule, ()


def _weights(parts: JSON) -> tuple[Decimal, ...]:
    return tuple(_decimal(part.get("weight", 1)) for part in parts)


def _decimal(number: float) -> Decimal:
    """Return a number as it is written: 0.1 is a tenth."""
    return Decimal(str(number))
