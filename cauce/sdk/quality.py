"""Judges connector kinds by the eight rules, for the command line, the pages and the tests."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

from cauce import registry
from cauce.errors import CauceError
from cauce.sdk.evidence import gather
from cauce.sdk.rules import Rule, rules

Outcome = Literal["met", "unmet", "exempt"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one rule; `sentence` says what is missing, why the rule does not apply, or what it asks."""

    rule: str
    title: str
    outcome: Outcome
    sentence: str


@dataclass(frozen=True, slots=True)
class Report:
    """The verdicts on one kind."""

    kind: str
    verdicts: tuple[Verdict, ...]

    @property
    def met(self) -> int:
        """How many rules it keeps, or cannot be held to."""
        return sum(each.outcome != "unmet" for each in self.verdicts)

    @property
    def good(self) -> bool:
        """Whether it keeps them all."""
        return self.met == len(self.verdicts)


@cache
def judge(kind: str) -> Report:
    """Judge a kind; one that cannot be loaded keeps no rule.

    Raises:
        NotFoundError: There is no such kind.
    """
    if kind not in registry.kinds():
        registry.load(kind)
    try:
        evidence = gather(kind)
    except Exception as cause:  # noqa: BLE001 - the code of somebody else, which may raise anything while it is imported
        why = str(cause) if isinstance(cause, CauceError) else f"It cannot be loaded ({type(cause).__name__}); mend it."
        return Report(kind, tuple(Verdict(name, _title(rule), "unmet", why) for name, rule in rules.items()))
    found = []
    for name, rule in rules.items():
        if reason := str(evidence.exempt.get(name, "")).strip():
            found.append(Verdict(name, _title(rule), "exempt", reason))
        else:
            missing = rule(evidence)
            found.append(Verdict(name, _title(rule), "unmet" if missing else "met", missing or _title(rule)))
    return Report(kind, tuple(found))


def judge_all() -> list[Report]:
    """Judge every kind there is, by name."""
    return [judge(kind) for kind in registry.kinds()]


def _title(rule: Rule) -> str:
    return (rule.__doc__ or "").partition("\n")[0]
