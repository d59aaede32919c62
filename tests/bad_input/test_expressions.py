"""Expressions that never end: an error within a second, alone and inside an instance whose worker serves others."""

import json
import time
from pathlib import Path

import pytest

from tests.bad_input.site import Site, cauce

ENDLESS = {
    "recursion": ("def f: f; f", "The expression calls functions too deep inside each other (200).", "Does the recurs"),
    "range": ("[range(1e12)]", "The expression builds an array with too many items (100,000).", "Select less"),
    "text": ('"x" * 1e10', "The expression builds a string that is too long (1,000,000 characters).", "Select less."),
    "repeat": ("[limit(1e9; repeat(1))]", "The expression builds an array with too many items (100,000).", "Select"),
    "steps": ("last(range(1e12))", "The expression needs more steps than it may use (1,000,000).", ""),
}  # fmt: skip
QUICK = {
    "outputs": ("range(1e12)", "budget"),
    "nest": ("reduce range(100000) as $i (0; [.])", "budget"),
    "double": ('reduce range(100) as $i ("x"; . + .)', "budget"),
    "objects": ("[range(99999)] | [., .] | [., .] | [., .] | map(.. | numbers) | length", "budget"),
    "paths": ("[paths] | [range(1e9) as $i | .]", "budget"),
    "until": ("0 | until(false; . + 1)", "budget"),
    "while": ("[0 | while(true; . + 1)]", "budget"),
    "recurse": ("0 | recurse(. + 1)", "budget"),
    "combinations": ("[[range(100)] | [., ., ., .] | combinations]", "budget"),
    "label": ("label $out | foreach repeat(1) as $x (0; . + $x; empty)", "budget"),
    "regex": ('"a" * 30 + "!" | test("(a+)+$")', ""),
    "fromjson": ('"[" * 100000 | fromjson', "expression"),
    "indices": ('"a" * 100000 | [match("a"; "g")] | length', "budget"),
    "open": (".a +", "expression"),
    "deep": ("(" * 5000 + "1" + ")" * 5000, "expression"),
    "long": ("1 + " * 50_000 + "1", "budget"),
}
SECONDS = 1.0


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    cauce("eval", ".")  # imports are not the expression's time


@pytest.mark.parametrize("name", ENDLESS)
def test_endless_expression_ends_with_a_reason(name: str) -> None:
    expression, problem, hint = ENDLESS[name]
    began = time.process_time()
    done = cauce("eval", expression, "--json")
    assert time.process_time() - began < SECONDS
    assert (done.exit_code, done.error["code"]) == (2, "budget")
    assert done.error["detail"] == problem
    assert hint in done.error.get("hint", "")
    assert problem in done.stderr


@pytest.mark.parametrize("name", QUICK)
def test_hostile_expression_ends_soon(name: str) -> None:
    expression, code = QUICK[name]
    began = time.process_time()
    done = cauce("eval", expression, "--input", "[[1, 2], {}]", "--json")
    assert time.process_time() - began < SECONDS
    assert done.exit_code == (2 if code else 0)
    if code:
        assert done.error["code"] == code
        assert done.error["detail"].endswith(".")


def test_bad_expression_is_shown_with_a_caret() -> None:
    done = cauce("eval", ".lines | map(.qty *)")
    assert done.exit_code == 2
    assert done.stderr == ("Error: Here should be an expression, not `)`.\n  .lines | map(.qty *)\n" + " " * 21 + "^\n")


def test_value_that_does_not_fit_is_named() -> None:
    done = cauce("eval", ".lead.score.total", "--input", '{"lead": {"score": 5}}', "--json")
    assert (done.exit_code, done.error["code"]) == (2, "expression")
    assert done.error["detail"] == 'Cannot index number with "total": .lead.score is a number.'


@pytest.mark.parametrize("text", ["[" * 100_000 + "]" * 100_000, '{"a":' * 100_000 + "1" + "}" * 100_000])
def test_data_of_100000_nested_arrays(tmp_path: Path, text: str) -> None:
    (tmp_path / "deep.json").write_text(text)
    began = time.process_time()
    done = cauce("eval", ".", "--input", f"@{tmp_path / 'deep.json'}", "--json")
    assert time.process_time() - began < SECONDS
    assert (done.exit_code, done.error["code"]) == (2, "input")
    assert done.error["detail"] == "This JSON is nested too deeply."
    assert done.error["where"].endswith("deep.json")


def test_endless_expressions_in_instances_do_not_keep_the_worker_from_others(site: Site) -> None:
    began = time.monotonic()
    bombs = {name: site.start("bad.bomb", {"which": name}) for name in ENDLESS}
    other = site.start("bad.add", {"a": 20, "b": 22})
    assert site.ended(other)["output"] == {"sum": 42}
    for index, (name, instance) in enumerate(bombs.items(), start=1):
        problem = site.problem(instance)
        assert problem["type"].endswith("/errors/expression")
        assert (problem["code"], problem["instance"]) == ("budget", f"/do/{index}/{name}")
        assert problem["detail"] == ENDLESS[name][1]
    # Also when they share two cores with other tests, six instances need less than a second each.
    assert time.monotonic() - began < SECONDS * (len(bombs) + 1)


@pytest.mark.parametrize("levels", [200, 300, 900, 5_000])
def test_input_that_nests_too_deep_is_refused(site: Site, levels: int) -> None:
    text = '{"definition": "bad.add", "input": {"a": 1, "b": 2, "c": ' + "[" * levels + "]" * levels + "}}"
    answer = site.call("POST", "/instances", content=text, headers={"content-type": "application/json"})
    assert answer.status_code in {413, 422}, answer.text
    assert "nest" in answer.json()["detail"] + answer.json()["hint"]
    given = json.dumps({"a": 1, "b": 2})[:-1] + ', "c": ' + "[" * levels + "]" * levels + "}"
    done = site.cauce("start", "bad.add", "--input", given, "--json")
    assert done.exit_code == 2
    assert "nest" in done.error["detail"]
