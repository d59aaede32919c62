"""Who holds the tasks of somebody who is away: pure functions of the absences that people entered.

Used when a task is given to a person, when an inbox is shown, and by the question "who holds this on 24 December?".
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

End = Literal["present", "nobody", "cycle", "barred"]


@dataclass(frozen=True, slots=True)
class Absence:
    """Days on which somebody does no tasks, the last one included; who stands in, if anybody does.

    With a group or a form it is about these tasks only.
    """

    person: str
    begins: date
    ends: date
    substitute: str | None = None
    group: str | None = None
    form: str | None = None
    id: int = 0

    def is_about(self, day: date, group: str | None, form: str | None) -> bool:
        """Tell whether it is about a day, and about the tasks of a group with a form."""
        return self.begins <= day <= self.ends and self.group in {None, group} and self.form in {None, form}


@dataclass(frozen=True, slots=True)
class Step:
    """One person who is away on the way to who holds a task, and the absence that says so."""

    person: str
    absence: Absence


@dataclass(frozen=True, slots=True)
class Held:
    """Who holds somebody's tasks: `person`, or nobody, and why; `steps` are those who are away, in order."""

    person: str | None
    why: End
    steps: tuple[Step, ...] = ()


def absence_of(
    absences: Iterable[Absence], person: str, day: date, group: str | None = None, form: str | None = None
) -> Absence | None:
    """Return the absence that counts for somebody's tasks on a day: the closest to the task, then the newest."""
    found = [each for each in absences if each.person == person and each.is_about(day, group, form)]
    return max(found, key=lambda each: (each.form is not None, each.group is not None, each.id), default=None)


def holder(
    absences: Collection[Absence],
    person: str,
    day: date,
    *,
    group: str | None = None,
    form: str | None = None,
    barred: Callable[[str], bool] = lambda _: False,
) -> Held:
    """Return who holds the tasks of a person on a day: themselves, or the first of those who stand in that is there.

    Nobody does when somebody on the way has nobody who stands in, when they stand in for each other, or when who is
    there is `barred`.
    """
    steps: list[Step] = []
    met: set[str] = set()
    while (absence := absence_of(absences, person, day, group, form)) is not None:
        if person in met:
            return Held(None, "cycle", tuple(steps))
        met.add(person)
        steps.append(Step(person, absence))
        if absence.substitute is None:
            return Held(None, "nobody", tuple(steps))
        person = absence.substitute
    return Held(None, "barred", tuple(steps)) if barred(person) else Held(person, "present", tuple(steps))


def local_day(moment: datetime) -> date:
    """Return the day that it is at a moment, where the servers are: the zone in which pages show times."""
    return moment.astimezone().date()


@dataclass(frozen=True, slots=True)
class Share:
    """Tasks of somebody who is away: all, or those of a group and with a form; the named ones may be left out.

    With `of_group` nobody stands in, and each group holds those that are also its own.
    """

    person: str
    group: str | None = None
    form: str | None = None
    but_groups: tuple[str, ...] = ()
    but_forms: tuple[str, ...] = ()
    of_group: bool = False

    def holds(self, person: str | None, group: str | None, form: str) -> bool:
        """Tell whether somebody's task of a group, with a form, is among them."""
        within = self.group == group if self.group is not None else group not in self.but_groups
        meant = self.form == form if self.form is not None else form not in self.but_forms
        return person == self.person and within and meant


def shares_of(absences: Collection[Absence], name: str, day: date, gone: Collection[str] = ()) -> tuple[Share, ...]:
    """Return what somebody holds for others on a day, and what only the groups of those others hold.

    Who is `gone` does no tasks any more: what they would stand in for, nobody does.
    """
    away = sorted({each.person for each in absences if each.begins <= day <= each.ends} - {name})
    groups = tuple(sorted({each.group for each in absences if each.group is not None}))
    forms = tuple(sorted({each.form for each in absences if each.form is not None}))
    found = []
    for person in away:
        for group in (*groups, None):
            for form in (*forms, None):
                held = holder(absences, person, day, group=group, form=form, barred=lambda each: each in gone)
                if held.steps and held.person in {None, name}:
                    but_groups, but_forms = groups if group is None else (), forms if form is None else ()
                    found.append(Share(person, group, form, but_groups, but_forms, of_group=held.person is None))
    return tuple(found)
