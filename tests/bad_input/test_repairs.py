"""What went wrong is repaired by an operator, on the command line and through REST."""

import json
from typing import Any

import pytest

from tests.bad_input.site import Site, wait_for

BROKEN = """\
document: {dsl: '1.0.3', namespace: bad, name: broken, version: 1.0.0}
do:
  - first: {set: {n: '${ .n }'}}
  - fail: {raise: {error: {type: 'https://example.com/errors/no-stock', status: 503, title: No stock}}}
  - last: {set: {got: '${ . }', context: '${ $context }'}}
"""
NUMBER = """\
document: {dsl: '1.0.3', namespace: bad, name: number, version: 1.0.0}
do:
  - first: {set: {text: '${ .text }'}}
  - count: {set: {n: '${ .text | tonumber }', context: '${ $context.kept // 0 + 0 }'}}
"""


@pytest.fixture(scope="module", autouse=True)
def _published(site: Site) -> None:
    site.publish(BROKEN, NUMBER)


def output(site: Site, instance: str) -> Any:
    def completed() -> Any:
        found = site.shown(instance)
        return found if found["summary"]["status"] == "completed" else None

    return wait_for(completed, f"{instance} to complete", 15)["output"]


def test_failed_task_is_skipped_on_the_command_line(site: Site) -> None:
    instance = site.start("bad.broken", {"n": 1})
    assert site.problem(instance)["title"] == "No stock"
    wrong = site.cauce("instances", "skip", instance, "/do/1/fial", "--json")
    assert (wrong.exit_code, wrong.error["code"]) == (2, "input")
    assert "/do/1/fail" in wrong.error["hint"]
    given = ["--output", '{"n": 2}', "--context", '{"c": 3}']
    done = site.cauce("instances", "skip", instance, "/do/1/fail", *given, "--json")
    assert done.json == {"id": instance, "path": "/do/1/fail"}
    assert output(site, instance) == {"got": {"n": 2}, "context": {"c": 3}}
    again = site.cauce("instances", "skip", instance, "--json")
    assert (again.exit_code, again.error["code"]) == (1, "conflict")


def test_instance_begins_again_with_other_data_through_rest(site: Site) -> None:
    instance = site.start("bad.number", {"text": "seven"})
    site.problem(instance)
    path = f"/instances/{instance}/reset"
    assert site.call("POST", path, "ana", json={"path": "/do/1/count"}).status_code == 403
    assert site.call("POST", path, json={"path": "/do/9/none"}).json()["code"] == "input"
    done = site.call("POST", path, json={"path": "/do/1/count", "input": {"text": "7"}})
    assert done.json() == {"id": instance, "path": "/do/1/count"}
    assert output(site, instance)["n"] == 7


def test_failed_instance_goes_on_with_another_context(site: Site) -> None:
    instance = site.start("bad.broken", {"n": 1})
    site.problem(instance)
    bad = site.cauce("instances", "context", instance, "{", "--json")
    assert (bad.exit_code, bad.error["code"]) == (2, "input")
    done = site.cauce("instances", "context", instance, '{"kept": 1}', "--json")
    assert done.exit_code == 0
    wait_for(lambda: site.shown(instance)["state"].get("context") == {"kept": 1}, "the context", 15)


def test_event_is_sent_once_and_found_in_the_log(site: Site) -> None:
    event: dict[str, Any] = {
        "type": "com.example.told.v1",
        "source": "https://bad.example",
        "id": "1",
        "data": {"n": 1},
    }
    first = site.cauce("events", "send", json.dumps(event), "--json").json
    again = site.cauce("events", "send", json.dumps(event), "--json").json
    assert (first["new"], again["new"], again["sequence"]) == (True, False, first["sequence"])
    found = site.cauce("events", "list", "--type", event["type"], "--json").json["events"]
    assert [(one["sequence"], one["event"]["data"]) for one in found] == [(first["sequence"], {"n": 1})]
    wrong = site.cauce("events", "send", '{"source": "x"}', "--json")
    assert (wrong.exit_code, wrong.error["code"]) == (2, "input")
    assert "type" in wrong.stderr
