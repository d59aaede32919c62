"""Places, turns and the budget of repetitions, with a clock of the test's own."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cauce.limits import budget, pace
from cauce.limits.budget import Window
from cauce.limits.places import Share, share, target
from tests.effort import examples

workers = st.sampled_from(["ana", "bea", "eva", "leo", "luis"])
moves = st.lists(st.tuples(workers, st.sampled_from(["begin", "end", "claim", "go"])), max_size=40)


@given(st.integers(1, 7), moves)
@settings(max_examples=examples(60), deadline=None)
def test_workers_never_use_more_places_than_there_are(limit: int, history: list[tuple[str, str]]) -> None:
    held: dict[str, Share] = {}
    used: dict[str, int] = {}
    for round_, (worker, what) in enumerate(history):
        mine = held.get(worker, Share(0, 0))
        if what == "begin" and used.get(worker, 0) < mine.places:
            used[worker] = used.get(worker, 0) + 1
        elif what == "end" and used.get(worker, 0):
            used[worker] -= 1
        elif what == "claim":
            others = {name: each for name, each in held.items() if name != worker}
            wanted = used.get(worker, 0) + 1
            asked = Share(used.get(worker, 0), wanted)
            held[worker] = Share(share(limit, worker, asked, others, round_ // 10), wanted)
        elif what == "go" and not used.get(worker, 0):
            held.pop(worker, None)
        assert sum(each.places for each in held.values()) <= limit
        assert all(used.get(name, 0) <= each.places for name, each in held.items())


@pytest.mark.parametrize(
    ("limit", "wants", "expected"),
    [
        (4, {"a": 1}, {"a": 2}),
        (4, {"a": 3}, {"a": 4}),
        (4, {"a": 9, "b": 9}, {"a": 2, "b": 2}),
        (10, {"a": 1, "b": 9}, {"a": 1, "b": 9}),
        (10, {"a": 1, "b": 99, "c": 99}, {"a": 1, "b": 5, "c": 4}),
        (1, {"a": 1, "b": 1}, {"a": 1, "b": 0}),
    ],
)
def test_what_one_does_not_want_goes_to_the_others(limit: int, wants: dict[str, int], expected: dict[str, int]) -> None:
    def part(worker: str, round_: int = 0) -> int:
        others = {name: Share(0, want) for name, want in wants.items() if name != worker}
        return target(limit, worker, wants[worker], others, round_)

    assert {name: part(name) for name in wants} == expected
    assert max(part(name, 1) for name in wants) == max(expected.values())


def test_what_cannot_be_divided_goes_round() -> None:
    others = {"b": Share(0, 1)}
    assert [target(1, "a", 1, others, round_) for round_ in range(4)] == [1, 0, 1, 0]


def test_who_holds_too_much_gives_back_as_its_calls_end() -> None:
    other = {"b": Share(0, 9)}
    assert share(4, "a", Share(4, 9), other, 0) == 4
    assert share(4, "a", Share(1, 9), other, 0) == 2


@given(st.floats(0.05, 200), st.lists(st.floats(0, 3), max_size=40))
@settings(max_examples=examples(60), deadline=None)
def test_turns_never_come_faster_than_the_rate(per_s: float, pauses: list[float]) -> None:
    given_until, now, turns = 0.0, 1_000_000.0, list[float]()
    for pause in pauses:
        now += pause
        given_until, more = pace.take(given_until, now, per_s, pace.block_of(per_s))
        turns += more
    gaps = [later - earlier for earlier, later in pairwise(turns)]
    assert all(gap >= 1 / per_s - 1e-6 for gap in gaps)


def test_after_a_pause_one_second_of_turns_has_come_and_old_ones_are_not_used() -> None:
    given_until, turns = pace.take(0.0, 1000.0, 10, 20)
    assert [turns[0], turns[-1], given_until] == pytest.approx([999.1, 1001, 1001])
    assert pace.fresh(turns, 1002.5, 10) == [turn for turn in turns if turn >= 1000.5]
    assert pace.take(0.0, 1000.0, 0.1, 1)[1] == [1000.0]


def test_repetitions_are_a_part_of_the_calls_of_the_last_while() -> None:
    window = budget.count(Window(), 1000, 60, calls=100, retries=0)
    assert budget.allows(window, 1001, 60, 20, 0)
    window = budget.count(window, 1001, 60, calls=20, retries=24)
    assert not budget.allows(window, 1002, 60, 20, 0)
    assert budget.allows(window, 1002, 60, 20, 10)
    later = budget.count(window, 1061, 60, calls=0, retries=0)
    assert (later.calls_before, later.retries_before, later.calls) == (120, 24, 0)
    assert not budget.allows(later, 1062, 60, 20, 0)
    assert budget.count(later, 1300, 60, calls=1, retries=0) == Window(1300, 1)


def test_a_few_repetitions_are_allowed_however_few_calls_there_are() -> None:
    assert budget.allows(Window(), 5, 60, 0, 1)
    assert not budget.allows(Window(), 5, 60, 100, 0)
