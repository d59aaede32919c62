"""Segregation of duties: what policies keep apart, who could do it alone all the same, and who did."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from cauce import spreadsheets
from cauce.absence import local_day, shares_of
from cauce.permissions import Thing
from cauce.services.hub import Actor, Hub
from cauce.services.permissions.grants import readers
from cauce.services.users import actors_in
from cauce.store import absences, definitions, duties
from cauce.store.base import utc_now
from cauce.store.duties import Answered
from cauce.store.models import Definition
from cauce.store.session import Db

JSON = Any
_WORKERS: Final = ("staff", "manager")
# The newest lines of the trail; what is older was in reports before.
MOST_ANSWERS: Final = 20_000
_MOST_CASES: Final = 500


@dataclass(frozen=True, slots=True)
class Could:
    """Somebody who may answer several forms of a duty, by what: `admin`, `grant` or `role` for each form.

    `substitute` says that they may for somebody who is away today.
    """

    person: str
    forms: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Did:
    """Somebody who answered several forms of a duty in one case; `tasks` are the tasks, by form."""

    person: str
    case: str
    instance: str
    tasks: Mapping[str, str]
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Duty:
    """Forms of which nobody should answer two in one case, who could, and who did."""

    policy: str
    title: JSON
    forms: tuple[str, ...]
    could: tuple[Could, ...]
    did: tuple[Did, ...]


async def report(hub: Hub, actor: Actor) -> list[Duty]:
    """Return every duty that policies keep apart; without those that nobody should do, the list is empty."""
    actor.require("see which duties are kept apart", *readers)
    async with hub.store.read() as db:
        policies = await definitions.latest(db, "policy")
        found = [(row.name, each) for row in policies for each in row.document.get("apart") or ()]
        if not found:
            return []
        people, processes = await _people(db), await definitions.latest(db, "process")
        return [await _duty(db, actor, name, each, people, processes) for name, each in found]


async def _duty(
    db: Db, actor: Actor, policy: str, given: JSON, people: Sequence[Actor], processes: Sequence[Definition]
) -> Duty:
    forms = tuple(given["forms"])
    groups = await duties.groups_of(db, forms)
    tasks = {form: _Tasks(form, _places(form, processes), groups.get(form)) for form in forms}
    by_name = {person.name: person for person in people}
    could = [
        Could(person.name, may)
        for person in people
        if len(may := {form: why for form in forms if (why := _could(person, tasks[form], by_name))}) > 1
    ]
    answered = await duties.answered(db, forms, sight=actor.sight, limit=MOST_ANSWERS)
    return Duty(policy, given.get("title"), forms, tuple(could), tuple(_did(answered)))


def _places(form: str, processes: Sequence[Definition]) -> list[Thing]:
    named = [row for row in processes if form in ((row.bundle or {}).get("forms") or {})]
    return [Thing.of(f"{row.namespace}.{row.name}", form) for row in named] or [Thing("", "", form)]


@dataclass(frozen=True, slots=True)
class _Tasks:
    """Tasks with a form: where it is used, and the groups that they were for; nothing while there was none."""

    form: str
    places: Sequence[Thing]
    groups: set[str | None] | None

    def by(self, person: Actor) -> str:
        """Say by what somebody may do tasks of this form; nothing when they may not."""
        found = next((each for place in self.places if (each := person.decide("work", place, *_WORKERS)).allowed), None)
        return found.because if found else ""

    def are_for(self, person: Actor) -> bool:
        """Tell whether somebody is of a group that they are for."""
        return self.groups is None or None in self.groups or person.may() or bool(person.groups & self.groups)


async def _people(db: Db) -> list[Actor]:
    """Return all who work here, with what they hold today for people who are away."""
    day = local_day(utc_now())
    away = await absences.on(db, day)
    substitutes, gone = {each.substitute for each in away}, await absences.gone(db, away)
    return [
        replace(each, stands_in=shares_of(away, each.name, day, gone)) if each.name in substitutes else each
        for each in await actors_in(db)
    ]


def _could(person: Actor, tasks: _Tasks, people: Mapping[str, Actor]) -> str:
    """Say by what somebody may answer a form: they may do its tasks, which are for them or for whom they stand in."""
    because = tasks.by(person)
    if not because or tasks.are_for(person):
        return because
    for share in person.stands_in:
        absent = people.get(share.person)
        meant = absent is not None and tasks.by(absent) and tasks.are_for(absent)
        if meant and any(person.holds(share.person, group, tasks.form) for group in tasks.groups or ()):
            return "substitute"
    return ""


def _did(answered: Sequence[Answered]) -> list[Did]:
    """Return who answered several forms in one case; what it ran is of the case, and so is what has its key."""
    by: dict[tuple[str, str], list[Answered]] = {}
    for each in answered:
        by.setdefault((each.root.partition("/")[2], each.person), []).append(each)
    found = [
        Did(person, case, rows[0].instance, {row.form: row.task for row in rows}, max(row.at for row in rows))
        for (case, person), rows in by.items()
        if len({row.form for row in rows}) > 1
    ]
    return sorted(found, key=lambda each: each.last_at, reverse=True)[:_MOST_CASES]


def as_csv(found: Sequence[Duty]) -> str:
    """Return the report as a table: a line for each person who could or did, and each case."""
    return spreadsheets.table(["policy", "forms", "what", "person", "case", "instance", "at", "by"], _lines(found))


def _lines(found: Sequence[Duty]) -> Iterator[list[str]]:
    for duty in found:
        kept = [duty.policy, " ".join(duty.forms)]
        for one in duty.could:
            by = " ".join(f"{form}:{why}" for form, why in one.forms.items())
            yield [*kept, "could", one.person, "", "", "", by]
        for each in duty.did:
            by = " ".join(f"{form}:{task}" for form, task in each.tasks.items())
            yield [*kept, "did", each.person, each.case, each.instance, each.last_at.isoformat(), by]
