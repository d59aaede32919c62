"""What of the inbox an address asks for: filters, columns, the page of it; and the address of another such view."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from starlette.datastructures import ImmutableMultiDict

from api.pages.problems import message
from cauce.errors import InputError
from cauce.services.inbox.views import COLUMNS, USUAL, WHICH, View, meaning
from cauce.store.inbox import Filters
from cauce.urgency import SEVERITIES

FILTERS: Final = ("which", "group", "form", "definition", "severity", "text")
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """A view of the inbox; `view` is the id of the kept one that it is from."""

    which: str = "all"
    group: str = ""
    form: str = ""
    definition: str = ""
    severity: str = ""
    text: str = ""
    columns: tuple[str, ...] = ()
    view: str = ""

    @property
    def filters(self) -> dict[str, str]:
        """The filters as they are kept and sent."""
        return {name: getattr(self, name) for name in FILTERS}

    @property
    def narrows(self) -> bool:
        """Whether anything but the kind of list is asked for."""
        return any(value for name, value in self.filters.items() if name != "which")

    @property
    def shown(self) -> tuple[str, ...]:
        """The columns, in their order."""
        return tuple(each for each in COLUMNS if each in (self.columns or USUAL))

    def query(self) -> Filters:
        """Return what that means to the store."""
        return meaning(self.filters)

    def but(self, **changes: Any) -> "Wanted":  # noqa: ANN401 - of each field its own type
        """Return this view with something else in it; it is no kept one any more."""
        return replace(self, **({"view": ""} | changes))

    def address(self, **page: str) -> str:
        """Return the address of this view, or of a page of it."""
        words = [(name, value) for name, value in {**self.filters, "view": self.view, **page}.items() if value]
        query = urlencode([*words, *(("columns", each) for each in self.columns)])
        return f"/inbox?{query}"


def wanted(given: ImmutableMultiDict[str, Any], views: Sequence[View]) -> Wanted:
    """Read a view from an address: the kept one that it names, with whatever else it says on top of that.

    Whoever asks for nothing in particular gets their standard view.
    """
    said = {name: str(given[name])[:_LONGEST] for name in FILTERS if name in given}
    said |= {"which": "all"} if said.get("which") == "" else {}
    chosen = str(given.get("view", ""))
    kept = next((each for each in views if each.id == chosen), None)
    if kept is None and not said and "columns" not in given:
        kept = next((each for each in views if each.standard), None)
    columns = tuple(each for each in COLUMNS if each in given.getlist("columns"))
    start = of_view(kept) if kept else Wanted()
    return _checked(replace(start, **said, columns=columns or start.columns))


def _checked(found: Wanted) -> Wanted:
    """Refuse what the inbox does not have: showing everything instead would look like an answer."""
    choose = message("Open the inbox and choose there.")
    if found.which not in WHICH:
        raise InputError(message("The inbox has no such list."), hint=choose, where=f"which={found.which[:50]}")
    if found.severity and found.severity not in SEVERITIES:
        raise InputError(message("There is no such severity."), hint=choose, where=f"severity={found.severity[:50]}")
    return found


def of_view(view: View) -> Wanted:
    """Return what a kept view asks for."""
    return Wanted(**view.filters, columns=view.columns, view=view.id)
