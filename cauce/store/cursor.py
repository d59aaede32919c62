"""Where a page of a list ends: a moment and an id, as text that goes into a URL."""

import base64
import binascii
import json
from datetime import UTC, datetime

from cauce.errors import InputError


def written(moment: datetime, id_: str) -> str:
    """Write a place of a list."""
    place = json.dumps([moment.isoformat(), id_])
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def read(text: str) -> tuple[datetime, str]:
    """Return what was written."""
    try:
        moment, id_ = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return datetime.fromisoformat(moment).astimezone(UTC), str(id_)
    except (ValueError, TypeError, OverflowError, binascii.Error) as cause:
        hint = "Start at the first page."
        raise InputError("The cursor `after` is not one that Cauce gave out.", hint=hint) from cause
