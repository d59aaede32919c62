"""What `cauce diff` finds: each case is two lists of tasks, and the changes from one to the other."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.effort import examples
from workflows.comparison import Change, compare

JSON = Any
HEAD = {"dsl": "1.0.3", "namespace": "t", "name": "p", "version": "1.0.0"}


def process(tasks: JSON, **more: JSON) -> JSON:
    return {"document": HEAD, **more, "do": tasks}


def changes(before: JSON, after: JSON) -> list[tuple[str, str, str]]:
    return [(each.kind, each.path, each.property) for each in compare(process(before), process(after))]


A, B, C = {"a": {"set": {"x": 1}}}, {"b": {"call": "f@c", "with": {"q": "${ .q }"}}}, {"c": {"wait": "PT5M"}}
CASES: dict[str, tuple[JSON, JSON, list[tuple[str, str, str]]]] = {
    "nothing": ([A, B], [A, B], []),
    "spaces in an expression": ([B], [{"b": {"call": "f@c", "with": {"q": "${.q}"}}}], []),
    "order of keys": ([B], [{"b": {"with": {"q": "${ .q }"}, "call": "f@c"}}], []),
    "delimiters of a condition": ([{"a": {"if": ".x > 1", "set": {}}}], [{"a": {"if": "${ .x>1 }", "set": {}}}], []),
    "parentheses": ([{"a": {"if": "(.x) and .y", "set": {}}}], [{"a": {"if": ".x and .y", "set": {}}}], []),
    "spaces in data": (
        [{"a": {"set": {"x": "a b"}}}],
        [{"a": {"set": {"x": "a  b"}}}],
        [("changed", "/do/a", "set.x")],
    ),
    "one is one": ([A], [{"a": {"set": {"x": 1.0}}}], []),
    "true is not one": ([A], [{"a": {"set": {"x": True}}}], [("changed", "/do/a", "set.x")]),
    "null is not nothing": ([A], [{"a": {"set": {"x": 1, "y": None}}}], [("added", "/do/a", "set.y")]),
    "a condition": (
        [{"a": {"if": ".x > 1", "set": {}}}],
        [{"a": {"if": ".x > 2", "set": {}}}],
        [("changed", "/do/a", "if")],
    ),
    "added": ([A], [A, B], [("added", "/do/b", "")]),
    "removed": ([A, B], [B], [("removed", "/do/a", "")]),
    "another order": ([A, B, C], [C, A, B], [("moved", "/do/c", "")]),
    "renamed": ([A, B], [{"z": A["a"]}, B], [("renamed", "/do/z", "")]),
    "renamed and changed is another": (
        [A],
        [{"z": {"set": {"x": 2}}}],
        [("removed", "/do/a", ""), ("added", "/do/z", "")],
    ),
    "put into a try": (
        [A, B],
        [A, {"t": {"try": [B], "catch": {}}}],
        [("added", "/do/t", ""), ("moved", "/do/t/try/b", "")],
    ),
    "moved and changed": (
        [{"d": {"do": [A]}}, C],
        [{"d": {"do": [C]}}, {"a": {"set": {"x": 2}}}],
        [("moved", "/do/d/do/c", ""), ("moved", "/do/a", ""), ("changed", "/do/a", "set.x")],
    ),
    "a parent is renamed, its tasks stay": (
        [{"d": {"do": [A], "if": ".x"}}],
        [{"e": {"do": [A], "if": ".x"}}],
        [("renamed", "/do/e", "")],
    ),
    "from the handler to the body": (
        [{"t": {"try": [A], "catch": {"do": [B]}}}],
        [{"t": {"try": [A, B], "catch": {}}}],
        [("moved", "/do/t/try/b", "")],
    ),
    "a branch": (
        [{"f": {"fork": {"branches": [A]}}}],
        [{"f": {"fork": {"branches": [A, B], "compete": True}}}],
        [("added", "/do/f", "fork.compete"), ("added", "/do/f/fork/branches/b", "")],
    ),
    "a case of a switch": (
        [{"s": {"switch": [{"x": {"when": ".a", "then": "end"}}, {"y": {"then": "exit"}}]}}],
        [{"s": {"switch": [{"x": {"when": ".b", "then": "end"}}, {"y": {"then": "exit"}}]}}],
        [("changed", "/do/s", "switch.x.when")],
    ),
    "the order of cases": (
        [{"s": {"switch": [{"x": {"when": ".a", "then": "end"}}, {"y": {"then": "exit"}}]}}],
        [{"s": {"switch": [{"y": {"then": "exit"}}, {"x": {"when": ".a", "then": "end"}}]}}],
        [("moved", "/do/s", "switch.x")],
    ),
}


@pytest.mark.parametrize(("before", "after", "wanted"), CASES.values(), ids=CASES)
def test_finds_exactly_this(before: JSON, after: JSON, wanted: list[tuple[str, str, str]]) -> None:
    assert changes(before, after) == wanted


def test_head_use_and_what_is_bound_are_compared() -> None:
    before = process([A], use={"functions": {"f": {"set": {"x": 1}}}, "retries": {"r": {"delay": "PT1S"}}})
    after = process([A], use={"functions": {"f": {"set": {"x": 2}}}, "retries": {"r": {"delay": "PT2S"}}}, timeout="t")
    found = compare(
        before, after, ({"forms": {"q": {"title": "Q"}}, "decisions": {"d": {}}}, {"forms": {"q": {"title": "R"}}})
    )
    assert found == [
        Change("changed", "", "use.retries.r.delay", "PT1S", "PT2S"),
        Change("added", "", "timeout", after="t"),
        Change("changed", "/use/functions/f", "set.x", 1, 2),
        Change("changed", "forms/q", "title", "Q", "R"),
        Change("removed", "decisions/d"),
    ]


def test_a_table_is_compared_rule_by_rule() -> None:
    before = {"decision": "d", "inputs": {"n": ".n"}, "rules": [{"id": "a", "when": ".n>1", "then": 1}, {"id": "b"}]}
    after = {"decision": "d", "inputs": {"n": " .n "}, "rules": [{"id": "b"}, {"id": "a", "when": ".n > 2", "then": 1}]}
    assert [(each.kind, each.property) for each in compare(before, after)] == [
        ("changed", "rules.a.when"),
        ("moved", "rules.a"),
    ]


names = st.sampled_from(["a", "b", "c", "d", "e"])
plain = st.sampled_from(
    [{"set": {"x": 1}}, {"set": {"x": "${ .y }"}}, {"call": "f@c"}, {"wait": "PT1S"}, {"if": ".a", "set": {}}]
)


def lists(inner: st.SearchStrategy[JSON]) -> st.SearchStrategy[JSON]:
    pairs = st.lists(st.tuples(names, inner), max_size=4, unique_by=lambda pair: pair[0])
    return pairs.map(lambda found: [{name: task} for name, task in found])


tasks = st.recursive(
    plain,
    lambda inner: (
        lists(inner).map(lambda body: {"do": body})
        | st.tuples(lists(inner), lists(inner)).map(lambda both: {"try": both[0], "catch": {"do": both[1]}})
        | lists(inner).map(lambda body: {"fork": {"branches": body}})
        | lists(inner).map(lambda body: {"for": {"in": ".x"}, "do": body})
    ),
    max_leaves=8,
)


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(lists(tasks))
def test_nothing_differs_from_itself(body: JSON) -> None:
    assert changes(body, body) == []


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(lists(tasks), lists(tasks))
def test_what_is_added_one_way_is_removed_the_other(before: JSON, after: JSON) -> None:
    there, back = changes(before, after), changes(after, before)
    assert (there == []) == (back == [])
    count = [
        [sum(kind == each for kind, _, prop in side if not prop) for each in ("added", "removed")]
        for side in (there, back)
    ]
    assert count[0] == count[1][::-1]
