"""A list that may be long, of what is read as a whole: what of it has some words, and a page of that."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Request

from cauce.errors import InputError
from cauce.store.task_search import has_words, words_of

page_size: Final = 50
_LONGEST: Final = 200
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Part(Generic[Row]):
    """Some rows of a list, and the ways to the others; `kept` is what else the address of the list says.

    It `is_long` when not all of it fits one page, or something is looked for in it.
    """

    rows: Sequence[Row]
    address: str
    text: str
    kept: Mapping[str, str]
    query: str
    is_long: bool
    next_page: str
    previous_page: str


def part(
    request: Request,
    address: str,
    rows: Iterable[Row],
    called: Callable[[Row], tuple[str, str]],
    *,
    kept: Mapping[str, str] | None = None,
    size: int | None = None,
) -> Part[Row]:
    """Return the page of a list that a request asks for; `called` tells the name and the title of a row.

    Raises:
        InputError: What is looked for is too long.
    """
    given = {name: request.query_params.get(name, "").strip() for name in ("text", "after", "before")}
    if any(len(each) > _LONGEST for each in given.values()):
        raise InputError(f"What is looked for has at most {_LONGEST} characters.", hint="Shorten it.")
    most, sought = size or page_size, words_of(given["text"])
    named = sorted(((called(row)[0], row) for row in rows), key=lambda each: each[0])
    found = [(name, row) for name, row in named if not sought or has_words(sought, " ".join(called(row)))]
    ahead = [each for each in found if each[0] > given["after"]]
    behind = [each for each in found if each[0] < given["before"]]
    shown = behind[-most:] if given["before"] else ahead[:most]
    filters = {name: value for name, value in {**(kept or {}), "text": given["text"]}.items() if value}

    def page(place: str, name: str) -> str:
        return f"{address}?{urlencode({**filters, place: name})}"

    return Part(
        [row for _, row in shown],
        address,
        given["text"],
        kept or {},
        urlencode({**filters, **{name: given[name] for name in ("after", "before") if given[name]}}),
        is_long=len(named) > most or bool(given["text"]),
        next_page=page("after", shown[-1][0]) if shown and shown[-1] != found[-1] else "",
        previous_page=page("before", shown[0][0]) if shown and shown[0] != found[0] else "",
    )
