"""When everything happens: hand-made cases, laws, and the same numbers as a library of graphs finds."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cauce.errors import InputError
from tests.effort import examples
from workflows.roadmap.baseline import Shift, baseline_of, compare
from workflows.roadmap.days import Days
from workflows.roadmap.model import Activity, Actual, Constraint, Link, LinkType, Roadmap
from workflows.roadmap.order import circle
from workflows.roadmap.paths import critical_paths
from workflows.roadmap.plan import Plan, Planned, plan

MONDAY = date(2027, 1, 4)


def activity(name: str, days: int, *after: str | tuple[Any, ...], **more: Any) -> Activity:
    links = tuple(Link(each) if isinstance(each, str) else Link(*each) for each in after)
    return Activity(name, days=days, links=links, **more)


def planned(*activities: Activity, status: date | None = None, **actuals: Actual) -> dict[str, Planned]:
    return {each.activity.id: each for each in of(*activities, status=status, actuals=actuals).activities}


def of(*activities: Activity, status: date | None = None, actuals: Mapping[str, Actual] | None = None) -> Plan:
    return plan(Roadmap("r", "R", activities), Days(None, MONDAY), MONDAY, actuals=actuals, status=status)


def day(number: int) -> date:
    return Days(None, MONDAY).day(number)


def test_one_after_the_other_around_a_weekend() -> None:
    found = planned(activity("a", 3), activity("b", 5, "a"), activity("c", 2, "a"), activity("g", 0, "b", "c"))
    assert (found["a"].start, found["a"].finish) == (MONDAY, date(2027, 1, 6))
    assert (found["b"].start, found["b"].finish) == (date(2027, 1, 7), date(2027, 1, 13))
    assert (found["c"].late_start, found["c"].late_finish) == (date(2027, 1, 12), date(2027, 1, 13))
    assert (found["g"].start, found["g"].finish) == (date(2027, 1, 13), date(2027, 1, 13))
    assert [(each.total_float, each.free_float, each.critical) for each in found.values()] == [
        (0, 0, True),
        (0, 0, True),
        (3, 3, False),
        (0, 0, True),
    ]


@pytest.mark.parametrize(
    ("link", "lag", "begin", "end"),
    [
        # The first takes working days 0 to 4, the second one takes three.
        *[("FS", 0, 5, 8), ("FS", 2, 7, 10), ("FS", -2, 3, 6)],
        *[("SS", 0, 0, 3), ("SS", 4, 4, 7)],
        *[("FF", 0, 2, 5), ("FF", 1, 3, 6)],
        *[("SF", 0, 0, 3), ("SF", 6, 3, 6)],
    ],
)
def test_each_type_of_link(link: str, lag: int, begin: int, end: int) -> None:
    found = planned(activity("a", 5), activity("b", 3, ("a", link, lag)))["b"]
    assert (found.begin, found.end) == (begin, end)


def test_free_float_is_less_than_total_float_where_a_follower_has_some() -> None:
    found = planned(activity("long", 10), activity("a", 2), activity("b", 3, "a"), activity("end", 1, "long", "b"))
    assert [(found[name].total_float, found[name].free_float) for name in ("a", "b")] == [(5, 0), (5, 5)]


def test_two_critical_paths_are_both_told() -> None:
    found = of(activity("a", 1), activity("b", 2, "a"), activity("c", 2, "a"), activity("d", 1, "b", "c"))
    assert critical_paths(found) == [("a", "b", "d"), ("a", "c", "d")]
    assert critical_paths(found, most=1) == [("a", "b", "d")]


def test_a_start_that_is_not_allowed_earlier_moves_everything_after_it() -> None:
    limit = Constraint(start_no_earlier=date(2027, 1, 9))
    found = planned(activity("a", 1, constraint=limit), activity("b", 1, "a"))
    assert (found["a"].start, found["b"].start) == (date(2027, 1, 11), date(2027, 1, 12))
    finish = Constraint(finish_no_earlier=date(2027, 1, 13))
    assert planned(activity("a", 3, constraint=finish))["a"].start == date(2027, 1, 11)


def test_what_cannot_keep_its_day_has_less_than_no_float() -> None:
    limit = Constraint(finish_no_later=date(2027, 1, 6))
    found = of(activity("a", 2), activity("b", 3, "a", constraint=limit), activity("c", 9))
    assert [(each.activity.id, each.total_float) for each in found.activities] == [("a", -2), ("b", -2), ("c", 0)]
    assert [each.activity.id for each in found.late] == ["a", "b"]
    start = Constraint(start_no_later=date(2027, 1, 5))
    assert planned(activity("a", 2), activity("b", 3, "a", constraint=start))["b"].total_float == -1


def test_a_gate_at_a_day_is_at_its_evening() -> None:
    found = planned(activity("g", 0, constraint=Constraint(start_no_earlier=date(2027, 1, 6))), activity("a", 1, "g"))
    assert (found["g"].start, found["a"].start) == (date(2027, 1, 6), date(2027, 1, 7))
    assert planned(activity("begin", 0), activity("a", 1, "begin"))["begin"].start == MONDAY


def test_what_was_done_late_moves_what_follows() -> None:
    done = Actual(started=date(2027, 1, 5), finished=date(2027, 1, 8))
    found = planned(activity("a", 3), activity("b", 5, "a"), status=date(2027, 1, 8), a=done)
    assert (found["a"].state, found["a"].start, found["a"].finish) == ("done", date(2027, 1, 5), date(2027, 1, 8))
    assert (found["b"].state, found["b"].start) == ("waiting", date(2027, 1, 11))
    assert [found["a"].critical, found["b"].critical] == [False, True]


def test_what_is_under_way_has_its_rest_done_after_the_report() -> None:
    half = Actual(started=MONDAY, percent=Decimal(50))
    found = planned(activity("a", 10), activity("b", 1, "a"), status=date(2027, 1, 15), a=half)
    assert (found["a"].start, found["a"].finish, found["b"].start) == (MONDAY, date(2027, 1, 22), date(2027, 1, 25))
    two = planned(activity("a", 10), status=date(2027, 1, 15), a=Actual(started=MONDAY, remaining=2))["a"]
    assert two.finish == date(2027, 1, 19)
    overdue = planned(activity("a", 2), status=date(2027, 1, 15), a=Actual(started=MONDAY))["a"]
    assert overdue.finish == date(2027, 1, 18)


def test_what_nobody_has_begun_does_not_begin_before_the_report() -> None:
    assert planned(activity("a", 2), status=date(2027, 1, 6))["a"].start == date(2027, 1, 7)


def test_what_began_too_early_waits_with_its_rest() -> None:
    early = Actual(started=date(2027, 1, 5), percent=Decimal(50))
    happened = {"a": Actual(started=MONDAY), "b": early}
    found = of(activity("a", 5), activity("b", 4, "a"), status=date(2027, 1, 5), actuals=happened)
    first, second = found.activities
    assert (first.finish, second.start, second.finish) == (date(2027, 1, 8), date(2027, 1, 5), date(2027, 1, 12))
    assert [first.total_float, second.total_float] == [0, 0]
    assert critical_paths(found) == [("a", "b")]


@pytest.mark.parametrize(
    ("actuals", "message"),
    [
        ({"b": Actual(started=MONDAY)}, "no activity `b`"),
        ({"a": Actual(finished=MONDAY)}, "never started"),
        ({"a": Actual(started=MONDAY, parts=frozenset({1}))}, "`a` has no part 1"),
        ({"a": Actual(started=date(2027, 1, 5), finished=MONDAY)}, "before it was started"),
        ({"a": Actual(started=date(2027, 1, 7))}, "after the day of the report"),
    ],
)
def test_what_cannot_have_happened_is_refused(actuals: dict[str, Actual], message: str) -> None:
    with pytest.raises(InputError, match=message):
        planned(activity("a", 1), status=date(2027, 1, 6), **actuals)


def test_a_circle_is_refused_by_its_names() -> None:
    ring = (activity("a", 1, "c"), activity("b", 1, "a"), activity("c", 1, "b"), activity("d", 1, "c"))
    with pytest.raises(InputError, match="in a circle: b, c, a"):
        of(*ring)
    assert circle(ring[1:]) == []


def test_a_plan_that_never_ends_is_refused() -> None:
    with pytest.raises(InputError, match="hundred years"):
        of(activity("a", 40_000))


def test_what_has_moved_since_a_baseline() -> None:
    before = of(activity("a", 3), activity("b", 2, "a"), activity("old", 1))
    after = of(activity("a", 4), activity("b", 2, "a"), activity("new", 1))
    assert compare(baseline_of(before), after, Days(None, MONDAY)) == [
        Shift("a", "moved", 0, 1),
        Shift("b", "moved", 1, 1),
        Shift("new", "added"),
        Shift("old", "dropped"),
    ]


@st.composite
def networks(draw: st.DrawFn, *, simple: bool = False) -> tuple[Activity, ...]:
    made: list[Activity] = []
    for number in range(draw(st.integers(1, 12))):
        links: dict[str, Link] = {}
        for _ in range(draw(st.integers(0, 3)) if number else 0):
            on = f"a{draw(st.integers(0, number - 1))}"
            kind: LinkType = "FS" if simple else draw(st.sampled_from(["FS", "SS", "FF", "SF"]))
            links[on] = Link(on, kind, 0 if simple else draw(st.integers(-3, 5)))
        made.append(Activity(f"a{number}", days=draw(st.integers(0, 9)), links=tuple(links.values())))
    return tuple(made)


def events(activities: tuple[Activity, ...]) -> nx.DiGraph:
    """Return a graph of starts and finishes whose longest ways are the days at the soonest, with signs turned."""
    graph = nx.DiGraph()
    for each in activities:
        begin, end = f"S {each.id}", f"F {each.id}"
        graph.add_edge("begin", begin, weight=0)
        graph.add_edge(begin, end, weight=-each.days)
        graph.add_edge(end, begin, weight=each.days)
        graph.add_edge(end, "end", weight=0)
        for link in each.links:
            graph.add_edge(f"{link.type[0]} {link.on}", f"{link.type[1]} {each.id}", weight=-link.lag)
    return graph


@settings(max_examples=examples(60), deadline=None)
@given(networks())
def test_the_days_are_those_of_the_longest_ways_in_a_graph(activities: tuple[Activity, ...]) -> None:
    found, graph = of(*activities), events(activities)
    soonest = nx.single_source_bellman_ford_path_length(graph, "begin")
    left = nx.single_source_bellman_ford_path_length(graph.reverse(), "end")
    assert found.end == -soonest["end"]
    for each in found.activities:
        name = each.activity.id
        assert (each.begin, each.end) == (-soonest[f"S {name}"], -soonest[f"F {name}"])
        assert each.late_end == -soonest["end"] + left[f"F {name}"]


@settings(max_examples=examples(40), deadline=None)
@given(networks(simple=True))
def test_the_longest_way_is_a_critical_path(activities: tuple[Activity, ...]) -> None:
    found, graph = of(*activities), nx.DiGraph()
    for each in activities:
        graph.add_edge(each.id, f"{each.id}!", weight=each.days)
        graph.add_edges_from((f"{link.on}!", each.id, {"weight": 0}) for link in each.links)
    assert nx.dag_longest_path_length(graph) == found.end
    days = {each.id: each.days for each in activities}
    lengths = {sum(days[name] for name in path) for path in critical_paths(found)}
    assert lengths == {found.end}


@settings(max_examples=examples(40), deadline=None)
@given(networks(), st.data())
def test_laws_of_float(activities: tuple[Activity, ...], data: st.DataObject) -> None:
    found = of(*activities)
    assert all(0 <= each.free_float <= each.total_float for each in found.activities)
    assert min(each.total_float for each in found.activities) == 0
    # Whatever is late by its free float moves nothing else, and by its total float not the end.
    number = data.draw(st.integers(0, len(activities) - 1))
    chosen = found.activities[number]
    for late, others in ((chosen.free_float, True), (chosen.total_float, False)):
        limit = Constraint(finish_no_earlier=day(chosen.end + late - 1)) if chosen.end + late else Constraint()
        moved = of(
            *(
                Activity(a.id, days=a.days, links=a.links, constraint=limit) if a.id == chosen.activity.id else a
                for a in activities
            )
        )
        assert moved.end == found.end
        if others:
            rest = [(each.begin, each.end) for each in moved.activities if each.activity.id != chosen.activity.id]
            assert rest == [
                (each.begin, each.end) for each in found.activities if each.activity.id != chosen.activity.id
            ]


@settings(max_examples=examples(40), deadline=None)
@given(networks(simple=True), st.data())
def test_what_happens_as_planned_changes_no_day(activities: tuple[Activity, ...], data: st.DataObject) -> None:
    before = of(*activities)
    status = day(data.draw(st.integers(0, max(before.end - 1, 0))))
    actuals = {}
    for each in before.activities:
        if each.activity.days and each.finish <= status:
            actuals[each.activity.id] = Actual(each.start, each.finish)
        elif each.activity.days and each.start <= status:
            actuals[each.activity.id] = Actual(each.start)
        elif not each.activity.days and each.start <= status:
            actuals[each.activity.id] = Actual(each.start, each.finish)
    after = of(*activities, status=status, actuals=actuals)
    # What takes no day and is at the very beginning is told as of the first evening.
    real = [number for number, each in enumerate(activities) if each.days]
    assert [(after.activities[i].begin, after.activities[i].end) for i in real] == [
        (before.activities[i].begin, before.activities[i].end) for i in real
    ]
