"""Answers of a case that come from a recording, through the mappings of the connection's file."""

from pathlib import Path

import pytest

from cauce.errors import NotFoundError
from cauce.testing.case import Answer, parse
from cauce.testing.recordings import Library, Replays, library
from cauce.testing.session import Call, CaseFailure
from schemas import load_yaml

CONNECTION = """
connection: erp
kind: soap
operations:
  find: {calls: Find, effect: read, request: '{Number: .number}', response: '{name: .Name}'}
  create: {calls: Create, effect: write, errors: {BLOCKED: business}, response: '.missing | error'}
"""
RECORDING = """
recording: orders
connection: erp
kind: soap
exchanges:
  - {operation: find, request: {Number: '1'}, response: {Name: Rosa}}
  - {operation: find, request: {Number: '1'}, response: {Name: Rosario}}
  - {operation: create, request: {a: 1}, error: {class: permanent, code: BLOCKED, problem: No.}}
  - {operation: create, request: {a: 2}, response: {}}
"""
TEST = """
test: order
process: order
cases:
  - name: one
    answers: {look: {recording: NAME}}
"""


@pytest.fixture
def made(tmp_path: Path) -> Library:
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "orders.yaml").write_text(RECORDING, encoding="utf-8")
    (tmp_path / "processes").mkdir()
    return read(tmp_path, "orders")


def read(folder: Path, name: str) -> Library:
    file = folder / "processes" / "order.test.yaml"
    cases = parse(load_yaml(TEST.replace("NAME", name), str(file))).cases
    return library([(file, cases)], [load_yaml(CONNECTION, "erp.yaml")])


def answer() -> Answer:
    (case,) = parse(load_yaml(TEST.replace("NAME", "orders"), "order.test.yaml")).cases
    return case.answers["look"][0]


def call(name: str, params: object) -> Call:
    return Call("look", "/do/0/look", name, params)


def test_calls_are_answered_in_order_through_the_mappings(made: Library) -> None:
    replays, given = Replays(made), answer()
    found = [replays.answer(given, call("find@erp", {"number": 1})).output for _ in range(3)]
    assert found == [{"name": "Rosa"}, {"name": "Rosario"}, {"name": "Rosario"}]
    # Another case begins anew.
    assert Replays(made).answer(given, call("find@erp", {"number": 1})).output == {"name": "Rosa"}


def test_a_recorded_error_is_what_the_connection_makes_of_it(made: Library) -> None:
    refused = Replays(made).answer(answer(), call("create@erp", {"a": 1})).error or {}
    assert (refused["code"], refused["remoteCode"]) == ("business", "BLOCKED")


def test_a_mapping_that_fails_is_the_outcome(made: Library) -> None:
    failed = Replays(made).answer(answer(), call("create@erp", {"a": 2})).error or {}
    assert failed["code"] == "expression"


@pytest.mark.parametrize(
    ("name", "params", "says"),
    [
        ("find@erp", {"number": 2}, "the nearest, number 1, differs at Number."),
        ("http", {}, "http is none"),
    ],
)
def test_what_was_not_recorded_fails_the_case_and_says_where(
    made: Library, name: str, params: object, says: str
) -> None:
    with pytest.raises(CaseFailure, match=says) as caught:
        Replays(made).answer(answer(), call(name, params))
    assert str(caught.value).startswith("order.test.yaml:6:")


def test_a_recording_that_is_not_there_is_told_with_what_may_be_meant(made: Library, tmp_path: Path) -> None:
    del made
    with pytest.raises(NotFoundError, match="Did you mean orders"):
        read(tmp_path, "order")
