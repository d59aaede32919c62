"""Who may do what on what: one decision, made from what was granted and from the roles of who asks.

Pure, so that services, lists in SQL, pages and tests all ask the same. A grant adds to what roles give; one with `only`
closes its place as well: what it speaks of is then done there by nobody whom no grant names. Administrators may do all.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol, get_args

Act = Literal["see", "work", "start", "design", "operate", "supervise", "personal"]
Who = Literal["person", "group", "role"]
Place = Literal["all", "namespace", "process", "form"]
Because = Literal["admin", "grant", "role", "closed", "nothing"]
ACTS: Final[tuple[Act, ...]] = get_args(Act)
WHO: Final[tuple[Who, ...]] = get_args(Who)
PLACES: Final[tuple[Place, ...]] = get_args(Place)
ADMIN: Final = "admin"
# What roles give where nothing is granted; services name others where they always did.
ROLES: Final[dict[Act, tuple[str, ...]]] = {
    "see": ("designer", "integrator", "manager", "staff", "operator", "auditor"),
    "work": ("staff", "manager"),
    "start": ("staff", "manager", "operator", "designer", "integrator"),
    "design": ("designer",),
    "operate": ("operator",),
    "supervise": ("manager",),
    "personal": ("staff", "manager", "operator", "integrator"),
}
# Who sees all tasks and not only those that are for them; the others work at theirs.
_OVERSEEING: Final[frozenset[Act]] = frozenset({"see", "operate", "supervise"})
_ALL: Final[frozenset[Act]] = frozenset(ACTS)


class Principal(Protocol):
    """Who asks; one that is `limited` does by grants only what its roles do as well, as a token with scopes."""

    @property
    def name(self) -> str:
        """Their name."""

    @property
    def roles(self) -> frozenset[str]:
        """What they are."""

    @property
    def groups(self) -> frozenset[str]:
        """Whose tasks they share."""

    @property
    def limited(self) -> bool:
        """Whether grants give them no more than their roles."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What something is done to: a process of a namespace with its instances, or with a `form` one of its tasks."""

    namespace: str
    process: str
    form: str = ""

    @classmethod
    def of(cls, definition: str, form: str = "") -> "Thing":
        """Return a process by its full name, or its tasks with a form."""
        return cls(definition.rpartition(".")[0], definition, form)

    @classmethod
    def of_instance(cls, instance: str) -> "Thing":
        """Return what an instance is one of; the roadmap `shop` is to permissions what a process `roadmap.shop` is."""
        name = instance.partition("/")[0]
        return cls.of(name.replace(":", ".", 1) if name.startswith("roadmap:") else name)


@dataclass(frozen=True, slots=True)
class Grant:
    """That somebody may do something somewhere; with `only`, nobody may whom no grant names."""

    who: Who
    name: str
    acts: frozenset[str]
    place: Place
    of: str = "*"
    only: bool = False
    id: int = 0
    note: str = ""
    by: str = ""
    at: datetime | None = None

    def covers(self, thing: Thing) -> bool:
        """Tell whether it speaks of a thing."""
        match self.place:
            case "all":
                return True
            case "namespace":
                return self.of == thing.namespace
            case "process":
                return self.of == thing.process
            case "form":
                return bool(thing.form) and self.of == thing.form

    def names(self, who: Principal) -> bool:
        """Tell whether it is for somebody."""
        match self.who:
            case "person":
                return self.name == who.name
            case "group":
                return self.name in who.groups
            case "role":
                return self.name in who.roles

    def gives(self, who: Principal, acts: Collection[str]) -> bool:
        """Tell whether somebody has one of some acts by it, where it speaks."""
        wanted = [each for each in ACTS if each in acts and each in self.acts]
        if who.limited:
            wanted = [each for each in wanted if not who.roles.isdisjoint(ROLES[each])]
        return bool(wanted) and self.names(who)

    def __str__(self) -> str:
        """Return it in the words of the command."""
        acts = ",".join(each for each in ACTS if each in self.acts)
        place = "*" if self.place == "all" else f"{self.place}:{self.of}"
        return f"{self.who}:{self.name} {acts} {place}{' only' if self.only else ''}"


@dataclass(frozen=True, slots=True)
class Sight:
    """Who looks at a list, and all that is granted; what a query needs to leave out what is closed to them."""

    who: Principal
    grants: tuple[Grant, ...] = ()

    @property
    def closing(self) -> list[Grant]:
        """What closes places to the sight of everybody whom no grant names; nothing does to administrators."""
        return [] if ADMIN in self.who.roles else [each for each in self.grants if each.only and "see" in each.acts]

    @property
    def opening(self) -> list[Grant]:
        """What opens them again to who looks."""
        return [each for each in self.grants if each.gives(self.who, _ALL)]

    def giving(self, *, tasks: bool = False) -> list[Grant]:
        """Return what shows them something of which their roles show them less."""
        return [each for each in self.grants if each.gives(self.who, _OVERSEEING if tasks else _ALL)]


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether somebody may, and because of what: the grant that gives it or closes it, or one of their roles."""

    allowed: bool
    because: Because
    grant: Grant | None = None
    role: str = ""

    @property
    def closed(self) -> bool:
        """Whether the place is closed to them, whatever else they are."""
        return self.because == "closed"


def decide(
    who: Principal, act: Act, thing: Thing, grants: Iterable[Grant], roles: Collection[str] | None = None
) -> Decision:
    """Say whether somebody may do something to a thing, and why.

    `roles` are those that give it where nothing is granted. What is closed to somebody's sight is closed to every act.
    """
    if ADMIN in who.roles:
        return Decision(allowed=True, because="admin", role=ADMIN)
    spoken = [each for each in grants if each.covers(thing)]
    if closing := _closing(who, "see", spoken):
        return Decision(allowed=False, because="closed", grant=closing)
    if given := next((each for each in spoken if each.gives(who, giving(act, thing))), None):
        return Decision(allowed=True, because="grant", grant=given)
    if closing := _closing(who, act, spoken):
        return Decision(allowed=False, because="closed", grant=closing)
    role = min(who.roles.intersection(ROLES[act] if roles is None else roles), default="")
    return Decision(allowed=True, because="role", role=role) if role else Decision(allowed=False, because="nothing")


def may_anywhere(who: Principal, act: Act, grants: Iterable[Grant], roles: Collection[str]) -> bool:
    """Tell whether somebody may do something at least somewhere, so that a list of it is for them."""
    if ADMIN in who.roles or not who.roles.isdisjoint(roles):
        return True
    return any(each.gives(who, _ALL if act == "see" else {act}) for each in grants)


def giving(act: Act, thing: Thing) -> frozenset[Act]:
    """Return what gives an act: who may do anything to a process sees it, who works at tasks sees their own."""
    if act != "see":
        return frozenset({act})
    return _OVERSEEING if thing.form else _ALL


def _closing(who: Principal, act: Act, spoken: Iterable[Grant]) -> Grant | None:
    """Return what closes an act to somebody; whoever is named for anything sees."""
    every = list(spoken)
    if act == "see" and any(each.gives(who, _ALL) for each in every):
        return None
    return next((each for each in every if each.only and act in each.acts), None)
