"""What an entry of time or money for an activity of a roadmap has to say, and what it comes to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from cauce.errors import InputError

JSON = Any
FACTORS: Final = ("training", "data", "integration", "management")
most_money: Final = Decimal(10) ** 12
most_hours: Final = 1_000
most_text: Final = 2_000
most_name: Final = 200
_CENT: Final = Decimal("0.01")
_OLDEST: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Given:
    """An entry as somebody enters it: `hours` of an owner at a rate, or an `amount`, less than nothing for a credit.

    Without an `owner` the hours are of the activity's own, without a `rate` they cost what the roadmap says of the
    owner, and without a `factor` it is the one that the activity has a budget for. With the same `reference` it is
    entered once. `file` is {name, sha256} of the paper behind it.
    """

    activity: str
    reference: str
    day: date | None = None
    hours: str = ""
    amount: str = ""
    factor: str = ""
    owner: str = ""
    rate: str = ""
    person: str = ""
    note: str = ""
    file: JSON = None


@dataclass(frozen=True, slots=True)
class Priced:
    """What an entry comes to; `cents` are hundredths of the currency."""

    kind: str
    day: date
    factor: str
    cents: int
    hours: str
    owner: str
    rate: str


def priced(given: Given, document: JSON, *, owner: str, today: date, may_rate: bool) -> Priced:
    """Return what an entry comes to by the definition of its roadmap; `owner` is that of the activity.

    Raises:
        InputError: Something is missing or out of range.
    """
    for name, most in (("reference", most_name), ("person", most_name), ("note", most_text)):
        if len(getattr(given, name)) > most:
            raise _wrong(name, f"The {name} has more than {most:,} characters.", "Say it in fewer words.")
    if not given.reference.strip():
        raise _wrong("reference", "It has no reference.", "Give the number of its paper: then it is counted once.")
    if bool(given.hours) == bool(given.amount):
        raise _wrong("hours", "It takes either hours or an amount.", "Give one of the two.")
    day = given.day or today
    if not _OLDEST <= day <= today + timedelta(days=1):
        raise _wrong("day", f"{day} is still to come, or too long ago.", "Say on which day it was done or bought.")
    factor = _factor(given, document)
    if given.amount:
        return Priced("expense", day, factor, _cents("amount", given.amount, -most_money, most_money), "", "", "")
    whose = given.owner or owner
    hours = _number("hours", given.hours)
    if not 0 < hours <= most_hours:
        raise _wrong("hours", "The hours are out of range.", f"They are more than 0 and up to {most_hours:,}.")
    rate = _rate(given, document, whose, may_rate=may_rate)
    cents = int((hours * rate * 100).to_integral_value(ROUND_HALF_UP))
    # As they are counted, not as they were written: 7.50 is 7.5.
    return Priced("time", day, factor, cents, f"{hours.normalize():f}", whose, f"{rate.normalize():f}")


def money(cents: int) -> str:
    """Return an amount as it is written."""
    return str((Decimal(cents) / 100).quantize(_CENT))


def _rate(given: Given, document: JSON, owner: str, *, may_rate: bool) -> Decimal:
    owners: Mapping[str, JSON] = document["owners"]
    if owner not in owners:
        raise _wrong("owner", f"There is no owner `{owner[:100]}`.", f"There are {', '.join(sorted(owners)[:50])}.")
    known = owners[owner].get("rate")
    if given.rate and may_rate:
        rate = _number("rate", given.rate)
        if not 0 <= rate <= most_money:
            raise _wrong("rate", "The rate is out of range.", f"It is from 0 to {most_money:,}.")
        return rate
    if given.rate and (known is None or _number("rate", given.rate) != Decimal(str(known))):
        raise _wrong("rate", "Only who plans says what an hour costs.", "Leave the rate out.")
    if known is None:
        hint = "Write its `rate` in the roadmap, or let who plans enter the hours with a rate."
        raise _wrong("rate", f"Nobody has said what an hour of `{owner}` costs.", hint)
    return Decimal(str(known))


def _factor(given: Given, document: JSON) -> str:
    if given.factor:
        if given.factor not in FACTORS:
            raise _wrong("factor", f"There is no cost factor `{given.factor[:40]}`.", f"There are {_listed(FACTORS)}.")
        return given.factor
    written = given.activity.partition(".")[0]
    activities = [each for phase in document["phases"] for each in phase["activities"] if each["id"] == written]
    budgeted = [factor for each in activities for factor in FACTORS if each["cost"].get(factor)]
    if len(budgeted) != 1:
        hint = f"Say which: {_listed(budgeted or FACTORS)}."
        raise _wrong("factor", f"`{given.activity[:100]}` has a budget for {len(budgeted)} cost factors.", hint)
    return budgeted[0]


def _cents(name: str, text: str, least: Decimal, most: Decimal) -> int:
    found = _number(name, text)
    if not least <= found <= most or not found:
        raise _wrong(name, f"The {name} is out of range.", f"It is up to {most:,}, and not nothing.")
    if found != found.quantize(_CENT):
        raise _wrong(name, f"The {name} has more than two decimals.", "Write it as 1234.50.")
    return int(found * 100)


def _number(name: str, text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise _wrong(name, f"`{text[:40]}` is no number.", "Write it as 1234.50.")
    return found


def _listed(names: Collection[str]) -> str:
    return ", ".join(names)


def _wrong(name: str, problem: str, hint: str) -> InputError:
    return InputError(problem, hint=hint, errors=[{"pointer": f"/{name}", "problem": problem}])
