"""Data over the limit: refused where it comes in, and a clear fault where a process makes it."""

import json
from pathlib import Path

import pytest

from tests.bad_input.site import Site

MUCH = {"a": "x" * 5_000_000, "b": 1}


def test_input_over_the_limit_is_refused_by_the_command_line(site: Site, tmp_path: Path) -> None:
    (tmp_path / "much.json").write_text(json.dumps(MUCH))
    done = site.cauce("start", "bad.add", "--input", f"@{tmp_path / 'much.json'}", "--json")
    assert (done.exit_code, done.error["code"]) == (2, "too-large")
    assert "The data has 5,000," in done.error["detail"]
    assert "Cauce passes on at most 2,000,000 at once." in done.error["detail"]
    assert "CAUCE_MAX_PAYLOAD_BYTES" in done.error["hint"]


def test_input_over_the_limit_is_refused_by_rest(site: Site) -> None:
    answer = site.call("POST", "/instances", json={"definition": "bad.add", "input": MUCH, "key": "much"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    assert "at most 2,000,000 at once" in answer.json()["detail"]
    assert site.call("GET", "/instances/bad.add/much").status_code == 404


@pytest.mark.parametrize("which", ["read", "write", "argument", "task", "raised", "output"])
def test_data_over_the_limit_faults_the_instance(site: Site, which: str) -> None:
    instance = site.start("bad.large", {"which": which, "id": which})
    problem = site.problem(instance)
    assert problem["type"] == "https://serverlessworkflow.io/spec/1.0.0/errors/runtime"
    assert (problem["status"], problem["code"], problem["title"]) == (413, "too-large", "Too large")
    assert "The data has 3,600," in problem["detail"]
    assert "at most 2,000,000 at once" in problem["detail"]
    places = {"output": "/", "raised": f"/do/6/{which}"}
    expected = places.get(which) or f"/do/{['read', 'write', 'caught', 'argument', 'task'].index(which) + 1}/{which}"
    assert problem["instance"] == expected


def test_process_may_catch_what_is_too_large(site: Site) -> None:
    instance = site.start("bad.large", {"which": "caught"})
    assert site.ended(instance)["output"] == {"code": "too-large"}
