"""The laws of the three-way merge."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.syncs.merging import Fields, Plan, equal, merge, plan
from cauce.sync import SIDES, Gone, Side

JSON = Any
values = st.sampled_from([None, False, True, 0, 1, "", "a", [1], {"b": 1}])
rows: st.SearchStrategy[Mapping[str, JSON]] = st.fixed_dictionaries({}, optional=dict.fromkeys("abcd", values))
maybe = st.none() | rows


def sides(*which: Side) -> frozenset[Side]:
    return frozenset(which)


@given(rows, rows)
def test_what_one_side_changes_is_taken(ancestor: Fields, changed: Fields) -> None:
    for merged in (merge(ancestor, changed, ancestor), merge(ancestor, ancestor, changed)):
        assert not merged.conflicts
        assert equal(merged.agreed, changed)


@given(rows, rows, rows)
def test_sides_can_be_swapped(ancestor: Fields, one: Fields, other: Fields) -> None:
    first, second = merge(ancestor, one, other), merge(ancestor, other, one)
    assert set(first.conflicts) == set(second.conflicts)
    assert equal(first.source, second.target)
    assert equal(first.target, second.source)
    assert equal(first.agreed, second.agreed)


@given(rows, rows, st.sets(st.sampled_from("abcd")))
def test_edits_that_do_not_overlap_always_merge(ancestor: Fields, edits: Fields, mine: set[str]) -> None:
    one = {**ancestor, **{name: value for name, value in edits.items() if name in mine}}
    other = {**ancestor, **{name: value for name, value in edits.items() if name not in mine}}
    merged = merge(ancestor, one, other)
    assert not merged.conflicts
    assert equal(merged.agreed, {**ancestor, **edits})


@given(rows, rows, rows)
def test_both_sides_are_equal_afterwards_but_for_conflicts(ancestor: Fields, one: Fields, other: Fields) -> None:
    merged = merge(ancestor, one, other)
    assert merged.source is not None
    assert merged.target is not None
    assert merged.agreed is not None
    for name in merged.source:
        assert equal(merged.source[name], merged.target[name]) == (name not in merged.conflicts)
        if name in merged.conflicts:
            assert equal(merged.agreed[name], ancestor.get(name))


@given(rows, rows, rows)
def test_second_time_changes_nothing(ancestor: Fields, one: Fields, other: Fields) -> None:
    first = merge(ancestor, one, other)
    second = merge(first.agreed or {}, first.source or {}, first.target or {})
    assert second == first


@given(rows, rows, rows, st.sampled_from(SIDES))
def test_what_is_decided_leaves_no_conflict(ancestor: Fields, one: Fields, other: Fields, side: Side) -> None:
    merged, before = merge(ancestor, one, other, lambda _: side), merge(ancestor, one, other)
    assert not merged.conflicts
    assert equal(merged.source, merged.target)
    for name in before.conflicts:
        assert equal((merged.agreed or {})[name], (one if side == "source" else other).get(name))


@given(maybe, maybe, maybe, st.sampled_from(["person", "keep", "delete"]))
def test_plans_are_carried_out_once(
    ancestor: Fields | None, one: Fields | None, other: Fields | None, gone: Gone
) -> None:
    first = plan(ancestor, one, other, gone=gone, deletes=sides(*SIDES))
    second = plan(first.agreed, first.source, first.target, gone=gone, deletes=sides(*SIDES))
    assert equal(second.source, first.source)
    assert equal(second.target, first.target)
    assert second.waits == first.waits


OLD, NEW = {"name": "old"}, {"name": "new"}


@pytest.mark.parametrize(
    ("row", "gone", "deletes", "expected"),
    [
        ((None, None, NEW), "person", sides(), Plan(NEW, NEW, NEW)),
        ((None, NEW, None), "person", sides(), Plan(NEW, NEW, NEW)),
        ((OLD, None, OLD), "person", sides("target"), Plan(None, None, None)),
        ((OLD, OLD, None), "person", sides("source"), Plan(None, None, None)),
        ((OLD, None, NEW), "person", sides("target"), Plan(None, NEW, OLD, doubt=True)),
        ((OLD, None, NEW), "keep", sides("target"), Plan(NEW, NEW, NEW)),
        ((OLD, None, NEW), "delete", sides("target"), Plan(None, None, None)),
        ((OLD, None, NEW), "delete", sides("source"), Plan(None, NEW, OLD)),
        ((OLD, None, None), "person", sides(), Plan(None, None, None)),
    ],
)
def test_rows_that_are_new_or_gone(
    row: tuple[Fields | None, Fields | None, Fields | None], gone: Gone, deletes: frozenset[Side], expected: Plan
) -> None:
    assert plan(*row, gone=gone, deletes=deletes) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [(1, True, False), (1, 1.0, True), ({"a": None}, {}, True), ([{"a": 1}], [{"a": 2}], False), ([1], [1, 2], False)],
)
def test_equal_values(one: JSON, other: JSON, *, same: bool) -> None:
    assert equal(one, other) is same
