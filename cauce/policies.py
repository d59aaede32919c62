"""A policy: a table by form that people edit without touching a process, as a task is told of it."""

from collections.abc import Callable, Mapping
from typing import Any

JSON = Any


def row_of(document: Mapping[str, JSON], form: str, calendars: Callable[[str], JSON]) -> dict[str, JSON] | None:
    """Return the row for a form with the calendar it names, as `{row, calendar}`; None when there is none."""
    row = document["forms"].get(form, document.get("otherwise"))
    if row is None:
        return None
    calendar = (row.get("due") or {}).get("calendar")
    return {"row": dict(row), "calendar": calendars(calendar) if calendar else None}
