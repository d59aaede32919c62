"""Which events a filter lets through, and how it is found from an event."""

import json
from typing import Any

import pytest

from cauce.bound_filters import Index, bound, key_of, keys_of, pattern_problem
from cauce.errors import ExpressionError
from cauce.event_filters import Filter

JSON = Any
EVENT: JSON = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "https://shop.example/es",
    "type": "com.example.order.paid.v1",
    "subject": "order:7",
    "roomid": "12",
    "data": {"order": 7, "total": 38.5, "lines": [{"sku": "A"}], "customer": {"id": "C1", "vip": True}},
}
CONTEXT = {"context": {"order": 7, "limit": 30, "type": "com.example.order.paid.v1"}}


def fits(with_: JSON, event: JSON = EVENT, **more: JSON) -> bool:
    made = Filter({"with": with_, **more}, CONTEXT.keys()).bind({"given": 7}, CONTEXT)
    # Through text, as the store has it.
    return bound(json.loads(json.dumps(made))).matches(event)


@pytest.mark.parametrize(
    ("with_", "expected"),
    [
        ({"type": "com.example.order.paid.v1"}, True),
        ({"type": "com.example.order.paid.v2"}, False),
        # A dot is a dot.
        ({"type": "com.example.order.paid_v1"}, False),
        ({"type": "com-example.order.paid.v1"}, False),
        ({"type": "com\\.example\\..*"}, True),
        # A pattern covers the whole value, unless it says where it is anchored.
        ({"type": "order\\.paid"}, False),
        ({"type": "^com\\.example\\."}, True),
        ({"type": "\\.v[0-9]+$"}, True),
        ({"type": "com.example.order.(paid|sent).v1"}, True),
        ({"type": "com.example.order.(sent).v1"}, False),
        # What cannot be read as a pattern is only text.
        ({"type": "com.example.("}, False),
        ({"source": "https://shop.example/es", "subject": "order:7"}, True),
        ({"source": "https://shop.example/pt"}, False),
        ({"missing": "x"}, False),
        ({"missing": ".*"}, False),
        ({"roomid": "12"}, True),
        ({"roomid": 12}, True),
        ({"roomid": 13}, False),
        ({"data": {"order": 7}}, True),
        ({"data": {"order": "7"}}, False),
        ({"data": {"order": 7, "customer": {"id": "C[0-9]"}}}, True),
        ({"data": {"customer": {"vip": True}}}, True),
        ({"data": {"customer": {"vip": 1}}}, False),
        ({"data": {"lines": [{"sku": "A"}]}}, True),
        ({"data": {"lines": []}}, False),
        ({"data": "${ .total > 38 }"}, True),
        ({"data": "${ .total > 39 }"}, False),
        ({"data": "${ .total.nonsense > 39 }"}, False),
        ({"data": {"total": "${ . > 38 and . < 39 }"}}, True),
        ({"data": "${ .total > $context.limit }"}, True),
        ({"type": "${ $context.type }"}, True),
        ({"subject": "order:${ $context.order }"}, True),
        ({"subject": '${ startswith("order") }'}, True),
        ({"subject": '${ "order:7" }'}, True),
        ({"missing": "${ . == null }"}, True),
        ({"data": "${ $context.order == 7 }"}, True),
        ({"data": "${ $context.order == 8 }"}, False),
        ({"data": "${ {order: $context.order} }"}, True),
        ({"data": "${ [limit(1e9; repeat(1))] }"}, False),
    ],
)
def test_filter_fits_what_it_says(with_: JSON, *, expected: bool) -> None:
    assert fits(with_) is expected


def test_data_in_base64_is_data() -> None:
    event = {"id": "1", "source": "s", "type": "t", "data_base64": "eyJuIjogM30="}
    assert fits({"data": {"n": 3}}, event)
    assert fits({"data": "${ .n == 3 }"}, event)
    assert fits({"type": "t"}, event, correlate={"n": {"from": ".data.n", "expect": "3"}})


@pytest.mark.parametrize(
    ("correlate", "expected"),
    [
        ({"order": {"from": ".data.order", "expect": "7"}}, True),
        ({"order": {"from": ".data.order", "expect": "${ $context.order }"}}, True),
        ({"order": {"from": ".data.order", "expect": "${ .given }"}}, True),
        ({"order": {"from": "${ .data.order }", "expect": "8"}}, False),
        ({"order": {"from": ".data.order"}}, True),
        ({"order": {"from": ".data.nothing"}}, False),
        ({"order": {"from": ".data.order.more"}}, False),
        ({"a": {"from": ".data.order", "expect": "7"}, "b": {"from": ".subject", "expect": "order:8"}}, False),
    ],
)
def test_correlation_fits_what_it_expects(correlate: JSON, *, expected: bool) -> None:
    assert fits({"type": "com.example.order.paid.v1"}, correlate=correlate) is expected


def test_first_value_is_what_later_events_must_have() -> None:
    made = bound(Filter({"with": {"type": "t"}, "correlate": {"room": {"from": ".roomid"}}}, ()).bind(None, {}))
    known = made.correlated({"type": "t", "roomid": "1"}, {})
    assert known == {"room": "1"}
    assert made.correlated({"type": "t", "roomid": "2"}, known) is None
    assert made.correlated({"type": "t", "roomid": 1}, known) == known


def test_expectation_of_null_is_an_error() -> None:
    made = Filter({"with": {"type": "t"}, "correlate": {"room": {"from": ".roomid", "expect": "${ .x }"}}}, ())
    with pytest.raises(ExpressionError, match="`room` gives null"):
        made.bind({}, {})


def test_constant_that_cannot_be_evaluated_is_an_error() -> None:
    with pytest.raises(ExpressionError):
        Filter({"with": {"type": "${ $context.order.no }"}}, CONTEXT.keys()).bind(None, CONTEXT)


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ({"with": {"type": "a.b", "source": "/s"}}, Index("a.b", "/s")),
        ({"with": {"type": "a.*"}}, Index()),
        ({"with": {"type": "t", "subject": "x"}}, Index("t", "", '.["subject"]', "x")),
        ({"with": {"type": "t", "subject": "${ $context.order }"}}, Index("t", "", '.["subject"]', "7")),
        ({"with": {"data": {"order": 7}, "type": "t"}}, Index("t", "", '.["data"]["order"]', "7")),
        (
            {"with": {"type": "t", "subject": "x"}, "correlate": {"o": {"from": ".data.o", "expect": "9"}}},
            Index("t", "", ".data.o", "9"),
        ),
        ({"with": {"type": "t"}, "correlate": {"o": {"from": ".data.o"}}}, Index("t")),
    ],
)
def test_filter_is_found_by_what_it_is_most_particular_about(definition: JSON, expected: Index) -> None:
    assert bound(Filter(definition, CONTEXT.keys()).bind(None, CONTEXT)).index() == expected


def test_event_has_the_keys_of_the_filters_that_want_it() -> None:
    found = keys_of(EVENT, ['.["subject"]', '.["data"]["order"]', ".data.nothing", ".data.order.more"])
    assert found == {key_of('.["subject"]', "order:7"), key_of('.["data"]["order"]', "7")}
    assert Index().key == ""


def test_pattern_that_cannot_be_read_is_explained() -> None:
    assert pattern_problem("com.example") is None
    assert pattern_problem("com.example.*") is None
    assert "missing" in (pattern_problem("com.(example") or "")
    assert "longer" in (pattern_problem("a*" * 1_000) or "")


def test_pattern_takes_linear_time() -> None:
    assert not fits({"subject": "(a*)*b"}, {**EVENT, "subject": "a" * 1_000})
