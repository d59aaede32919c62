"""What changed between two schemas, and whom it breaks: examples for people, and the law behind them."""

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.changes import Direction, changes

JSON = Any
TEXT: JSON = {"type": "string"}
ORDER: JSON = {"type": "object", "required": ["id"], "properties": {"id": TEXT, "note": {"type": ["string", "null"]}}}


def _order(**more: JSON) -> JSON:
    return ORDER | more


def _with(**fields: JSON) -> JSON:
    return _order(properties=ORDER["properties"] | fields)


EXAMPLES: list[tuple[JSON, JSON, bool, bool]] = [
    (ORDER, _with(lang=TEXT), False, False),
    (ORDER, _with(lang=TEXT) | {"required": ["id", "lang"]}, True, False),
    (ORDER, _order(properties={"id": TEXT}), True, True),
    (ORDER, _order(required=["id", "note"]), True, False),
    (ORDER, _order(required=[]), False, True),
    (ORDER, _with(id={"type": "integer"}), True, True),
    (ORDER, _with(id={"type": ["string", "null"]}), False, True),
    (ORDER, _with(note=TEXT), True, False),
    (ORDER, _with(id={"type": "string", "maxLength": 5}), True, False),
    ({"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 9}, False, True),
    ({"minimum": 1}, {"minimum": 0}, False, True),
    ({"type": "integer"}, {"type": "number"}, False, True),
    ({"enum": ["A", "B"]}, {"enum": ["A"]}, True, False),
    ({"enum": ["A"]}, {"enum": ["A", "C"]}, False, True),
    (TEXT, {"enum": ["A"]}, True, False),
    ({"type": "string", "pattern": "a"}, {"type": "string", "pattern": "b"}, True, True),
    ({"type": "string", "format": "date"}, TEXT, False, True),
    ({"items": TEXT}, {"items": {"type": "integer"}}, True, True),
    (ORDER, _order(additionalProperties=False), True, False),
    (_order(additionalProperties=False), _with(lang=TEXT) | {"additionalProperties": False}, False, True),
    ({"anyOf": [TEXT, {"type": "null"}]}, {"anyOf": [TEXT, {"type": "null"}, {"type": "integer"}]}, False, True),
    ({"allOf": [TEXT]}, {"allOf": [TEXT, {"minLength": 2}]}, True, False),
    (True, False, True, False),
    (ORDER, _order(title="An order"), False, False),
]


@pytest.mark.parametrize(("before", "after", "breaks_input", "breaks_output"), EXAMPLES)
def test_a_change_breaks_what_is_sent_or_what_is_read(
    before: JSON, after: JSON, *, breaks_input: bool, breaks_output: bool
) -> None:
    assert any(each.breaking for each in changes(before, after, "input")) is breaks_input
    assert any(each.breaking for each in changes(before, after, "output")) is breaks_output


def test_a_change_says_where_and_what() -> None:
    found = changes(
        {"properties": {"lines": {"items": ORDER}}}, {"properties": {"lines": {"items": _with(id=True)}}}, "output"
    )
    assert [(each.path, each.what, each.sentence) for each in found] == [
        ("lines[].id", "type", "`lines[].id` may give what never came before: string → *.")
    ]


_kinds = st.sampled_from(["string", "integer", "number", "boolean", "null"])


@st.composite
def _plain(draw: st.DrawFn) -> JSON:
    schema: dict[str, JSON] = {}
    if draw(st.booleans()):
        schema["type"] = draw(st.one_of(_kinds, st.lists(_kinds, min_size=1, max_size=3, unique=True)))
    if draw(st.booleans()):
        schema["enum"] = draw(
            st.lists(st.sampled_from(["A", "B", 1, 2, True, None]), min_size=1, max_size=3, unique_by=repr)
        )
    for keyword in draw(st.sets(st.sampled_from(["maxLength", "minLength", "maximum", "minimum"]), max_size=2)):
        schema[keyword] = draw(st.integers(0, 3))
    return draw(st.sampled_from([True, schema, schema, schema]))


@st.composite
def _object(draw: st.DrawFn, inner: st.SearchStrategy[JSON]) -> JSON:
    names = draw(st.sets(st.sampled_from(["a", "b", "c"]), max_size=3))
    schema: dict[str, JSON] = {"type": "object", "properties": {name: draw(inner) for name in sorted(names)}}
    # A name that is needed and not described could hold anything; contracts have none.
    if needed := sorted(name for name in names if draw(st.booleans())):
        schema["required"] = needed
    return schema


def _list(inner: st.SearchStrategy[JSON]) -> st.SearchStrategy[JSON]:
    return st.builds(lambda items: {"type": "array", "items": items}, inner)


def _any(inner: st.SearchStrategy[JSON]) -> st.SearchStrategy[JSON]:
    return st.builds(lambda parts: {"anyOf": parts}, st.lists(inner, min_size=1, max_size=2))


_schemas = st.recursive(_plain(), lambda inner: st.one_of(_object(inner), _list(inner), _any(inner)), max_leaves=4)
_atoms: tuple[JSON, ...] = (None, True, 0, 1, 2, 3.5, "", "A", "B", "long")


def _values(schema: JSON, depth: int = 0) -> Iterator[JSON]:
    """Yield values that a schema may allow, with the fields that it names."""
    yield from _atoms
    if not isinstance(schema, Mapping) or depth > 3:
        return
    for part in schema.get("anyOf") or ():
        yield from _values(part, depth + 1)
    if "items" in schema:
        yield from ([], *([each] for each in _values(schema["items"], depth + 1)))
    if (fields := schema.get("properties")) is not None:
        yield {}
        pools = {name: list(_values(inner, depth + 1)) for name, inner in fields.items()}
        for turn in range(max((len(pool) for pool in pools.values()), default=0)):
            whole = {name: pool[(turn + place) % len(pool)] for place, (name, pool) in enumerate(pools.items())}
            yield whole
            yield from ({key: value for key, value in whole.items() if key != name} for name in whole)


def _holds(schema: JSON, value: JSON) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(value))


@settings(max_examples=30, deadline=None)
@given(before=_schemas, after=_schemas, direction=st.sampled_from(["input", "output"]))
def test_what_is_not_breaking_breaks_nothing(before: JSON, after: JSON, direction: Direction) -> None:
    if any(each.breaking for each in changes(before, after, direction)):
        return
    # What we send was made for the old contract and meets the new one; with what we read it is the other way round.
    made_for, met_by = (before, after) if direction == "input" else (after, before)
    wrong = [each for each in _values(made_for) if _holds(made_for, each) and not _holds(met_by, each)]
    assert wrong == []


@settings(max_examples=20, deadline=None)
@given(schema=_schemas, direction=st.sampled_from(["input", "output"]))
def test_what_did_not_change_is_no_change(schema: JSON, direction: Direction) -> None:
    assert changes(schema, schema, direction) == []


@settings(max_examples=30, deadline=None)
@given(before=_schemas, after=_schemas)
def test_going_back_turns_every_limit_round(before: JSON, after: JSON) -> None:
    # Fields that come and go are apart from this: who has to send one, and who may read one, are different questions.
    def shape(one: JSON, other: JSON, direction: Direction) -> set[tuple[str, str, bool]]:
        whole = changes(one, other, direction)
        return {(each.path, each.what, each.breaking) for each in whole if each.what in {"type", "values", "limit"}}

    assert shape(before, after, "input") == shape(after, before, "output")
