"""Who of several people gets a task: pure rules, over what is known of the people at one moment.

The store calls it where the row of the task is made. Rules are tried in their order; the first that finds somebody
decides. When none does, the task is for the group of the last rule, and what was tried is kept with it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from cauce.absence import Absence, absence_of, holder
from cauce.errors import ExpressionError
from cauce.expressions import compile_expression
from cauce.expressions.templates import strip_delimiters

JSON = Any
STRATEGIES: Final = ("owner", "least-loaded", "round-robin", "previous", "sticky")
CRITERIA: Final = ("role", "skills", "territory", "language", "where")
# What a rule does that names nobody and asks for something: it gives the task to the least loaded who fits.
DEFAULT: Final = "least-loaded"
_NAMING: Final = frozenset({"owner", "previous", "sticky"})
_TOLD: Final = 100


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may be given tasks; `load` is how many they have, `capacity` how much they take (1 is usual)."""

    name: str
    groups: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    territories: frozenset[str] = frozenset()
    capacity: float = 1.0
    load: int = 0

    def to_json(self) -> dict[str, JSON]:
        """Return the person as `where` sees them."""
        return {
            "name": self.name,
            "capacity": self.capacity,
            "load": self.load,
            **{name: sorted(getattr(self, name)) for name in ("groups", "roles", "skills", "languages", "territories")},
        }


@dataclass(frozen=True, slots=True)
class Situation:
    """What a choice depends on besides its rules.

    Attributes:
        people: everybody who may be given tasks.
        absences: those of the day.
        form: the form of the task.
        data: what the task shows, for `where`.
        barred: who may not do it (four eyes).
        closed: whom permissions do not let do it; they are not among the people.
        last: pool of a rota -> who had the last turn.
    """

    people: Mapping[str, Person]
    day: date
    absences: Collection[Absence] = ()
    form: str = ""
    data: JSON = None
    barred: Collection[str] = ()
    closed: Collection[str] = ()
    last: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets a task, or which group; `reason` is why, as it is kept and told; `pool` is the rota that went on."""

    user: str | None
    group: str | None
    reason: dict[str, JSON]
    pool: str | None = None


def choose(rules: Sequence[Mapping[str, JSON]], now: Situation) -> Choice:
    """Return who gets a task by the first rule that finds somebody."""
    tried: list[dict[str, JSON]] = []
    for number, rule in enumerate(rules, 1):
        how = strategy_of(rule)
        if how == "group":
            reason = {"how": "offered" if not tried else "nobody", "rule": number, "tried": tried}
            return Choice(None, rule.get("group"), reason)
        user, found = _named(rule, how, now) if how in _NAMING or how == "user" else _picked(rule, how, now)
        if user is not None:
            reason = {"how": how, "rule": number, "user": user, **found, "tried": tried}
            pool = pool_of(rule, now.form) if how == "round-robin" else None
            return Choice(user, rule.get("group"), reason, pool)
        tried.append({"rule": number, "how": how, **found})
    last = rules[-1] if rules else {}
    # Without a group there is nobody else to give it to: it waits for who it is meant for.
    group, alone = last.get("group"), last.get("user")
    return Choice(None if group else alone, group, {"how": "nobody", "rule": len(rules), "tried": tried})


def strategy_of(rule: Mapping[str, JSON]) -> str:
    """Return how a rule finds somebody; `group` is one that offers the task to all of its group."""
    if rule.get("strategy"):
        return str(rule["strategy"])
    if rule.get("user"):
        return "user"
    if rule.get("owner"):
        return "owner"
    return DEFAULT if any(name in rule and rule[name] != [] for name in CRITERIA) else "group"


def pool_of(rule: Mapping[str, JSON], form: str) -> str:
    """Return the rota of a rule: those of a group take turns for each form apart."""
    return f"{rule.get('group')}/{form}"


def _named(rule: Mapping[str, JSON], how: str, now: Situation) -> tuple[str | None, dict[str, JSON]]:
    """Return the one person that a rule names, or who stands in for them."""
    name = rule.get(how)
    if not isinstance(name, str) or not name:
        return None, {"problem": "unnamed"}
    about: dict[str, JSON] = {"person": name[:_TOLD]}
    person = now.people.get(name)
    if person is None:
        return None, {**about, "problem": "closed" if name in now.closed else "unknown"}
    try:
        if how != "user" and not fits(person, rule, now.data):
            return None, {**about, "problem": "unfit"}
    except ExpressionError as error:
        return None, {**about, "problem": "expression", "detail": error.problem[:_TOLD]}
    held = holder(
        now.absences,
        name,
        now.day,
        group=rule.get("group"),
        form=now.form,
        barred=lambda each: each in now.barred or each not in now.people,
    )
    if held.person is None:
        return None, {**about, "problem": "barred" if held.why == "barred" else "away", "why": held.why}
    return held.person, {"instead": name, "until": held.steps[0].absence.ends.isoformat()} if held.steps else {}


def _picked(rule: Mapping[str, JSON], how: str, now: Situation) -> tuple[str | None, dict[str, JSON]]:
    """Return who is picked of those that fit, are there, and may do it."""
    if any(name in rule and rule[name] is None for name in CRITERIA):
        return None, {"problem": "unnamed"}
    try:
        fit = [person for person in now.people.values() if fits(person, rule, now.data)]
    except ExpressionError as error:
        return None, {"problem": "expression", "detail": error.problem[:_TOLD]}
    allowed = [person for person in fit if person.name not in now.barred and person.capacity > 0]
    group = rule.get("group")
    there = [one for one in allowed if absence_of(now.absences, one.name, now.day, group, now.form) is None]
    if not there:
        return None, {"problem": "nobody-fits" if not fit else "barred" if not allowed else "all-away"}
    told = {"fit": len(fit), "there": len(there)}
    if how == "round-robin":
        return in_turn([person.name for person in there], now.last.get(pool_of(rule, now.form))), told
    chosen = min(there, key=relative_load)
    return chosen.name, {**told, "load": chosen.load, "capacity": chosen.capacity}


def relative_load(person: Person) -> tuple[float, str]:
    """Return what somebody would carry with one task more, against how much they take; names decide between equals."""
    return ((person.load + 1) / person.capacity, person.name)


def in_turn(names: Collection[str], last: str | None) -> str:
    """Return whose turn it is: the first behind who had the last one, by name, and round again."""
    ordered = sorted(names)
    return next((name for name in ordered if last is not None and name > last), ordered[0])


def fits(person: Person, rule: Mapping[str, JSON], data: JSON = None) -> bool:
    """Tell whether a person is what a rule asks for; an empty list asks for nothing.

    Raises:
        ExpressionError: The expression `where` cannot be evaluated.
    """
    wanted: list[Callable[[], bool]] = []
    if rule.get("group"):
        wanted.append(lambda: rule["group"] in person.groups)
    if rule.get("role"):
        wanted.append(lambda: rule["role"] in person.roles)
    if rule.get("skills"):
        wanted.append(lambda: person.skills.issuperset(_texts(rule["skills"])))
    if rule.get("territory"):
        wanted.append(lambda: not person.territories.isdisjoint(_texts(rule["territory"])))
    if rule.get("language"):
        wanted.append(lambda: not person.languages.isdisjoint(_texts(rule["language"])))
    if rule.get("where"):
        wanted.append(lambda: _holds(rule["where"], person, data))
    return all(each() for each in wanted)


def _holds(where: str, person: Person, data: JSON) -> bool:
    expression = compile_expression(strip_delimiters(where), variables=("data",))
    return expression.first(person.to_json(), {"data": data}) not in (None, False)


def _texts(value: JSON) -> set[str]:
    return {str(each) for each in (value if isinstance(value, list) else [value]) if each is not None}
