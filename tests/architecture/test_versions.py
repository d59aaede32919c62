"""What comes with Cauce changes under a new version only: installations that have a version keep it as it is."""

import json

import pytest

from tests.architecture import versions

BEFORE = {"sales.a": {"version": "1.0.0", "parts": {"document": "1", "form ask": "2"}}}


def test_what_changed_has_a_new_version() -> None:
    recorded = json.loads(versions.LOCK.read_text(encoding="utf-8"))
    assert list(versions.problems(recorded, versions.shipped())) == []


@pytest.mark.parametrize(
    ("now", "says"),
    [
        ({"sales.a": {"version": "1.0.0", "parts": {"document": "1", "form ask": "3"}}}, "still (form ask)"),
        ({"sales.a": {"version": "1.0.0", "parts": {"document": "7"}}}, "still (document, form ask)"),
        ({"sales.a": {"version": "1.0.1", "parts": {"document": "7"}}}, "is version 1.0.1 now, 1.0.0 is recorded"),
        ({**BEFORE, "sales.b": {"version": "1.0.0", "parts": {}}}, "sales.b is new: run `make versions`."),
        ({}, "sales.a is gone"),
    ],
)
def test_it_says_what_was_forgotten(now: versions.Versions, says: str) -> None:
    [problem] = versions.problems(BEFORE, now)
    assert says in problem
