"""The two parsers of YAML give the same data and places, wherever the fast one gives anything."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cauce.errors import CauceError
from schemas import Limits, events, source
from tests.effort import examples

ROOT = Path(__file__).parents[3]
TEXTS = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "definitions").rglob("*.yaml"))]
SIGNS = "{}[]:,-#&*!|>'\"%@` \n\t\\?~<=0a.\ufeff\x85\xa0\r"


def read(parser: Any, text: str) -> Any:
    """Return data and places of all documents, or what is wrong with them."""
    try:
        return [(data, dict(marks)) for data, marks in source._documents(parser(text), "x.yaml", Limits())]  # noqa: SLF001 - the data and the places are what is compared
    except CauceError as refused:
        return str(refused)


@pytest.mark.parametrize("text", TEXTS[:12])
def test_shipped_definitions_read_the_same(text: str) -> None:
    assert read(events.fast, text) == read(events.thorough, text)


@settings(max_examples=examples(100), deadline=None)
@given(st.data())
def test_what_the_fast_parser_accepts_means_the_same_in_yaml_1_2(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(TEXTS))
    start = data.draw(st.integers(0, max(0, len(whole) - 200)))
    text = whole[start : start + 200]
    at, drop = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 2))
    text = text[:at] + data.draw(st.text(SIGNS, max_size=3)) + text[at + drop :]
    try:
        quick = read(events.fast, text)
    except events.NotReadError:
        return
    slow = read(events.thorough, text)
    if isinstance(quick, str) or isinstance(slow, str):
        assert quick == slow
    else:
        assert [found for found, _ in quick] == [found for found, _ in slow]
        for (_, one), (_, other) in zip(quick, slow, strict=True):
            # Where a value is missing, libyaml points behind its key and the other at what comes next.
            assert {pointer: mark[:2] for pointer, mark in one.items()} == {
                pointer: mark[:2] for pointer, mark in other.items()
            }


@pytest.mark.parametrize("text", ["a:\t1", "a: b\u2028c: d", "a: &x.y 1", "a: *x.y", "a: [1", "\ufeffa: 1"])
def test_what_the_versions_may_read_differently_is_left_to_the_thorough_parser(text: str) -> None:
    with pytest.raises(events.NotReadError):
        list(events.fast(text))
