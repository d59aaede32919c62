from typing import Any

import pytest

from cauce.errors import Place
from cauce.testing.case import Answer, Case
from cauce.testing.faults import problem_of
from cauce.testing.matching import mismatches, parts, same, unmet, whole
from cauce.testing.session import CaseFailure, Session, rendered
from cauce.testing.verdict import written

JSON = Any
HERE = Place("f.yaml", 1, 1)


@pytest.mark.parametrize(
    ("wanted", "met", "differences"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["x.a.b: expected 1, met 2"]),
        ({"a": 1}, {}, ["x.a: expected 1, met nothing"]),
        ({"a": None}, {}, ["x.a: expected null, met nothing"]),
        ([{"a": 1}], [{"a": 1, "b": 2}], []),
        ([1], [1, 2], ["x: expected 1 entries, met 2: [1, 2]"]),
        (1, 1.0, []),
        (1, True, ["x: expected 1, met true"]),
        ("a", {"a": 1}, ['x: expected "a", met {"a": 1}']),
    ],
)
def test_a_part_is_in_the_whole_or_what_is_missing_is_told(wanted: JSON, met: JSON, differences: list[str]) -> None:
    assert [str(each) for each in parts(wanted, met, "x")] == differences


def test_the_whole_may_hold_nothing_more() -> None:
    assert [str(each) for each in whole({"a": [1, 2]}, {"a": [1, 3], "b": 2}, "output")] == [
        "output.a[1]: expected 2, met 3",
        "output.b: expected nothing, met 2",
    ]
    assert list(whole({"a": [1.0]}, {"a": [1]}, "output")) == []


def test_the_same_is_the_same_whatever_the_order_of_keys() -> None:
    assert same({"a": [1, {"b": None}], "c": 0}, {"c": 0.0, "a": [1, {"b": None}]})
    assert not same({"a": 0}, {"a": False})


def test_a_matcher_is_a_part_or_an_expression() -> None:
    assert mismatches({"sku": "A"}, {"sku": "A", "n": 1}, "with") == []
    assert mismatches(".n > 1", {"n": 2}, "with") == []
    assert [str(each) for each in mismatches(".n > 1", {"n": 1}, "with")] == ["with: expected `.n > 1`, met false"]
    assert unmet("${ .n }", {"n": 0}) is None
    assert "null" in str(unmet(".n", {}))
    assert unmet(".n + {}", {"n": 1})


def session(**answers: list[dict[str, JSON]]) -> Session:
    made = {
        name: tuple(Answer(HERE, "output", one.pop("value"), **one) for one in given) for name, given in answers.items()
    }
    return Session(Case("c", HERE, answers=made), {})


def test_answers_come_in_order_and_the_last_again() -> None:
    asked = session(a=[{"value": 1}, {"value": 2}])
    assert [asked.answer_for(["a"], {}).value for _ in range(4)] == [1, 2, 2, 2]  # type: ignore[union-attr]  # there is one


def test_an_answer_for_some_calls_comes_before_those_for_any() -> None:
    given: list[dict[str, JSON]] = [
        {"value": 0},
        {"value": 2, "call": 2},
        {"value": 9, "when": {"sku": "X"}},
        {"value": 1},
    ]
    asked = session(a=given)
    skus = ["A", "A", "X", "A"]
    assert [asked.answer_for(["a"], {"sku": sku}).value for sku in skus] == [0, 2, 9, 1]  # type: ignore[union-attr]  # there is one


def test_the_closest_name_answers() -> None:
    asked = session(**{"/do/0/a": [{"value": "reference"}], "f@c": [{"value": "operation"}]})
    found = [asked.answer_for(keys, {}) for keys in (["/do/0/a", "a", "f@c"], ["/do/1/b", "b", "f@c"], ["x"])]
    assert [each.value if each else None for each in found] == ["reference", "operation", None]


def test_an_answer_may_use_the_arguments() -> None:
    answer = Answer(HERE, "output", {"total": "${ .n * 2 }"})
    assert rendered(answer, {"n": 4}) == {"total": 8}
    with pytest.raises(CaseFailure, match=r"f\.yaml:1:1: the answer cannot be made"):
        rendered(answer, {"n": {}})


def test_a_secret_of_the_test_stands_where_its_token_stood() -> None:
    asked = Session(Case("c", HERE, secrets={"key": "abc", "gone": None}), {})
    token = "\u2068secret:{}:nonce\u2069"  # noqa: S105 (no password)
    given = {"a": [f"Bearer {token.format('key')}"], "b": token.format("other")}
    assert asked.readable(given) == {"a": ["Bearer abc"], "b": "<secret other>"}
    assert asked.missing_secrets([given, token.format("gone")]) == ["gone"]


@pytest.mark.parametrize(
    ("wanted", "type_", "status"),
    [
        ("transient", "https://serverlessworkflow.io/spec/1.0.0/errors/communication", 503),
        ("ambiguous", "https://serverlessworkflow.io/spec/1.0.0/errors/communication", 504),
        ("business", "https://cauce.dev/errors/business", 409),
        ("timeout", "https://serverlessworkflow.io/spec/1.0.0/errors/timeout", 408),
        ({"status": 404}, "https://serverlessworkflow.io/spec/1.0.0/errors/communication", 404),
        ({"type": "https://a.example/x", "status": 400}, "https://a.example/x", 400),
    ],
)
def test_an_error_is_the_one_of_production(wanted: JSON, type_: str, status: int) -> None:
    problem = problem_of(wanted)
    assert (problem["type"], problem["status"]) == (type_, status)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "PT0S"), (0.2, "PT0S"), (61, "PT1M1S"), (86_400, "P1D"), (273_600, "P3DT4H")]
)
def test_a_duration_is_written_as_in_a_test(seconds: float, text: str) -> None:
    assert written(seconds) == text
