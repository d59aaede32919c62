"""docs/errors.md lists every error that people may meet, as the classes have it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cauce import errors

PAGE = Path(__file__).parents[2] / "docs/errors.md"
_ROW = re.compile(
    r"^\| `(?P<code>[\w-]+)` \| `(?P<name>\w+)` \| (?P<http>\d+) \| (?P<exit>\d+) \| (.+) \| (.+) \|$", re.MULTILINE
)


def _with_subclasses(base: type[errors.CauceError]) -> Iterator[type[errors.CauceError]]:
    yield base
    for subclass in base.__subclasses__():
        yield from _with_subclasses(subclass)


OURS = [error for error in _with_subclasses(errors.CauceError) if error.__module__ == errors.__name__]


def test_the_page_lists_all_classes_and_no_others() -> None:
    rows = [row["name"] for row in _ROW.finditer(PAGE.read_text())]
    assert sorted(rows) == sorted(error.__name__ for error in OURS)


@pytest.mark.parametrize("error", OURS, ids=lambda error: error.__name__)
def test_code_and_statuses_are_as_the_page_says(error: type[errors.CauceError]) -> None:
    row = next(row for row in _ROW.finditer(PAGE.read_text()) if row["name"] == error.__name__)
    assert (row["code"], int(row["http"]), int(row["exit"])) == (error.code, error.http_status, error.exit_code)


def test_no_two_classes_share_a_code() -> None:
    codes = [error.code for error in OURS]
    assert sorted(set(codes)) == sorted(codes)


def test_errors_of_other_modules_keep_a_documented_code() -> None:
    documented = {error.code for error in OURS}
    others = [error for error in _with_subclasses(errors.CauceError) if error not in OURS]
    assert [error.__name__ for error in others if error.code not in documented] == []
