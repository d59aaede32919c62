"""Lists of pages that may be long: a page of one, the ways on and back, and what is looked for."""

from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import Request

from api.pages.listed import Part, part
from cauce.errors import InputError

ROWS = [("e", "Five"), ("b", "Pedido"), ("a", "Álava"), ("d", "Four"), ("c", "Three")]


def listed(query: str) -> Part[tuple[str, str]]:
    request = Request({"type": "http", "query_string": query.encode(), "headers": []})
    return part(request, "/list", ROWS, lambda row: row, kept={"kind": "form"}, size=2)


def names(found: Part[tuple[str, str]]) -> str:
    return "".join(name for name, _ in found.rows)


def test_pages_go_on_and_back_in_the_order_of_names() -> None:
    first = listed("")
    assert (names(first), first.previous_page, first.is_long) == ("ab", "", True)
    assert parse_qs(urlsplit(first.next_page).query) == {"kind": ["form"], "after": ["b"]}
    second = listed("after=b")
    assert (names(second), second.previous_page[-8:], second.next_page[-7:]) == ("cd", "before=c", "after=d")
    assert (names(listed("after=d")), listed("after=d").next_page) == ("e", "")
    assert (names(listed("before=c")), listed("before=c").previous_page) == ("ab", "")
    # A place that is not there any more is still a place.
    assert names(listed("after=bb")) == "cd"
    assert names(listed("after=z")) == ""


def test_words_of_names_and_titles_are_found() -> None:
    assert names(listed("text=alava")) == "a"
    assert names(listed("text=pedi")) == "b"
    assert (names(listed("text=nowhere")), listed("text=nowhere").is_long) == ("", True)
    with pytest.raises(InputError, match="at most 200 characters"):
        listed(f"text={'x' * 201}")
