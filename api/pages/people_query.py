"""Which people an address asks for, on the pages that list accounts and what people can do."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Final, Protocol
from urllib.parse import urlencode

from fastapi import Depends, Request

from api.pages import view
from cauce.errors import InputError
from cauce.services.hub import roles
from cauce.store.people_list import State, Wanted

page_size: Final = 50
_LONGEST: Final = 200
_FIELDS: Final = ("text", "role", "group", "after", "before")
states: Final[Mapping[State, str]] = {
    "open": view.message("open"),
    "locked": view.message("locked"),
    "closed": view.message("closed"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is wanted, and the place of the page."""

    wanted: Wanted = field(default_factory=Wanted)
    after: str | None = None
    before: str | None = None


class Listed(Protocol):
    """Where a list goes on and back."""

    @property
    def after(self) -> str | None:
        """The name to go on after."""

    @property
    def before(self) -> str | None:
        """The name to go back from."""


def _asked(request: Request) -> Asked:
    given = request.query_params
    text, role, group, after, before = (given.get(each, "").strip() for each in _FIELDS)
    if max(map(len, (text, role, group, after, before))) > _LONGEST:
        raise InputError(f"What is looked for has at most {_LONGEST} characters.", hint="Shorten it.")
    state = next((each for each in states if each == given.get("state")), None)
    return Asked(Wanted(text, role, group, state), after or None, before or None)


AskedDep = Annotated[Asked, Depends(_asked)]


def shown(address: str, asked: Asked, found: Listed, groups: list[str]) -> dict[str, Any]:
    """Return what the filter and the way to other pages show."""
    filters = {name: value for name, value in asdict(asked.wanted).items() if value}

    def page(name: str, place: str | None) -> str:
        return f"{address}?{urlencode({**filters, name: place})}" if place else ""

    return {
        "address": address,
        "asked": asked,
        "all_roles": roles,
        "all_groups": groups,
        "all_states": states,
        "next_page": page("after", found.after),
        "previous_page": page("before", found.before),
    }
