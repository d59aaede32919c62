"""The operations on addresses at which people answer a form without an account: `make-link` and `find-link`."""

from collections.abc import Mapping
from typing import Any, Final

from cauce import settings as environment
from cauce import signed_links
from cauce.connector import JSON
from cauce.errors import PermanentError
from cauce.store import Db, definitions, public_links

_MOST_DAYS: Final = 366


async def make_link(db: Db, params: Mapping[str, Any]) -> JSON:
    """Make an address for a `form`; its answer is an event of this `type` about this `subject`, for so many `days`."""
    form, days = _text(params, "form"), params.get("days")
    if not isinstance(days, int) or not 0 < days <= _MOST_DAYS:
        raise PermanentError("A link works for some days.", hint=f"Write `days` as a number up to {_MOST_DAYS}.")
    if await definitions.find(db, "form", "", form) is None:
        raise PermanentError(f"There is no form '{form}'.", hint="Publish it, then retry the instance.")
    reference = _text(params, "reference")
    made = await public_links.make(
        db,
        reference,
        form=form,
        type_=_text(params, "type"),
        subject=_text(params, "subject"),
        days=days,
        language=str(params.get("language") or ""),
        data=params.get("data"),
    )
    return _address(made)


async def find_link(db: Db, params: Mapping[str, Any]) -> JSON:
    """Return the address that was made for a `reference`, or null."""
    made = public_links.id_of(_text(params, "reference"))
    return _address(made) if await public_links.find(db, made) else None


def _address(made: str) -> JSON:
    return {"url": signed_links.make(environment.load(), "/f/", made)}


def _text(params: Mapping[str, Any], name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str) or not value:
        raise PermanentError(f"A link needs `{name}`.", hint="Mend the task's `with`.")
    return value
