"""What a calendar means for some years: its hours by weekday, and every day that is otherwise, holidays included.

A process is published with this, not with the name of a country: what counts as a working hour for an instance cannot
change because a library learns of a new holiday.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final

from cauce.errors import DefinitionError

JSON = Any
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WORKDAYS: Final = 5
# In steps, so that what is published twice within some years is the same.
_STEP: Final = 5
_YEARS_AHEAD: Final = 20
# Of a log from before, or of a deadline that is asked for: it takes a few milliseconds.
any_year: Final = range(1950, 2101)


def of(documents: Mapping[str, JSON]) -> Callable[[str], JSON]:
    """Return what gives a calendar by its name, pinned as of today."""

    def one(name: str) -> JSON:
        if documents.get(name) is None:
            raise DefinitionError(f"There is no `{name}` to publish with the process.", hint="Publish it first.")
        return pinned(documents[name], datetime.now(UTC).date())

    return one


def pinned(document: Mapping[str, JSON], today: date, *, years: range | None = None) -> dict[str, JSON]:
    """Return a checked calendar with its holidays written out, from 5 years before `today` to 15 after it.

    Who looks at other times than those of running instances says which `years`.
    """
    hours = document["hours"]
    usual = hours.get("weekdays", [])
    week = [hours.get(name, usual if number < _WORKDAYS else []) for number, name in enumerate(WEEKDAYS)]
    base = today.year - today.year % _STEP
    written = years or range(base - _STEP, base + _YEARS_AHEAD)
    days: dict[str, list[str]] = {day.isoformat(): [] for day in holidays(document.get("holidays"), written)}
    for exception in document.get("exceptions") or ():
        days |= dict.fromkeys(_days(exception), exception["hours"])
    return {"timezone": document["timezone"], "week": week, "days": dict(sorted(days.items()))}


def holidays(given: Mapping[str, JSON] | None, years: range) -> Mapping[date, str]:
    """Return the public holidays of a country or region; raises `LookupError` when it is not known."""
    if not given:
        return {}
    return _public(given["country"], given.get("region"), years)


@lru_cache(maxsize=64)
def _public(country: str, region: str | None, years: range) -> Mapping[date, str]:
    """Work holidays out once: a policy is asked for them with every human task."""
    # It takes half a second to load, and few processes count holidays.
    library = import_module("holidays")
    try:
        found: Mapping[date, str] = library.country_holidays(country, subdiv=region, years=years)
    except NotImplementedError as error:
        raise LookupError(str(error)) from error
    return MappingProxyType(dict(sorted(found.items())))


def regions(country: str) -> tuple[str, ...]:
    """Return the regions of a country whose holidays are known; none for a country that is not known."""
    library = import_module("holidays")
    return tuple(library.list_supported_countries().get(country, ()))


def _days(exception: Mapping[str, JSON]) -> list[str]:
    first = date.fromisoformat(exception["on"])
    last = date.fromisoformat(exception.get("to") or exception["on"])
    return [(first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1)]
