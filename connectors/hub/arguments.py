"""What operations of the hub are given: read, or refused with what is missing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cauce.connector import JSON
from cauce.errors import PermanentError


def text(params: Mapping[str, Any], name: str, whose: str) -> str:
    """Return a text that has to be given.

    Raises:
        PermanentError: It is not; `whose` says what needs it.
    """
    value = params.get(name)
    if not isinstance(value, str) or not value:
        raise PermanentError(f"{whose} needs `{name}`.", hint="Mend the task's `with`.")
    return value


def instant(value: JSON) -> datetime:
    """Return a moment, now if none is given.

    Raises:
        PermanentError: It is no time.
    """
    if value is None:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        raise PermanentError(f"{value!r} is no time.", hint="Write `at` like 2026-05-04T10:00:00Z.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
