"""A policy: a table by form that people edit without touching a process, as a task is told of it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

JSON = Any
_TIMED: Final = ("followUp", "expires")


def row_of(document: Mapping[str, JSON], form: str, calendars: Callable[[str], JSON]) -> dict[str, JSON] | None:
    """Return the row for a form with the calendars it names, as `{row, calendar, calendars}`; None when there is none.

    `calendar` is that of `due`, `calendars` are those of other arguments.
    """
    row = document["forms"].get(form, document.get("otherwise"))
    if row is None:
        return None
    named = {key: row[key]["calendar"] for key in ("due", *_TIMED) if (row.get(key) or {}).get("calendar")}
    found = {key: calendars(name) for key, name in named.items()}
    return {"row": dict(row), "calendar": found.pop("due", None), "calendars": found}
