import json
from typing import Any

import pytest

from cauce import calendars
from cauce.errors import DefinitionError
from schemas import load_yaml
from workflows.bundle import digest, resolve
from workflows.checking import OperationContract

TEXT = """\
document: {dsl: '1.0.3', namespace: sales, name: order, version: 1.2.0}
use:
  functions:
    look: {call: find-order@erp, with: {}}
do:
  - ask: {call: human-task, with: {form: qualify, assign: {group: g}}}
  - rate: {call: 'decision:1.0.0@default', with: {table: credit}}
  - stage: {call: enter-stage, with: {stages: sales, stage: lead}}
  - inner:
      try:
        - make:
            call: create-order@erp
            with: {}
            metadata: {cauce: {compensate: {call: cancel-order@erp}}}
      catch: {do: [{seen: {call: look}}, {page: {call: http, with: {method: get, endpoint: 'https://x.example'}}}]}
  - undo: {call: compensate}
"""
WORLD: dict[str, Any] = {
    "operations": {
        "find-order@erp": OperationContract("read", 5.0, {"type": "object"}),
        "create-order@erp": OperationContract("write"),
        "cancel-order@erp": OperationContract("write"),
        "unused@erp": OperationContract("read"),
    },
    "forms": {"qualify": {"form": "qualify"}, "unused": {}},
    "decisions": {"credit": {"decision": "credit"}},
    "stages": {"sales": {"stages": "sales"}},
}


def test_bundle_holds_what_the_process_names_and_nothing_else() -> None:
    document = load_yaml(TEXT, "order.yaml").data
    bundle = resolve(document, **WORLD)
    assert (bundle["format"], bundle["namespace"], bundle["name"], bundle["version"]) == (1, "sales", "order", "1.2.0")
    assert bundle["document"] == document
    assert list(bundle["operations"]) == ["cancel-order@erp", "create-order@erp", "find-order@erp"]
    assert bundle["operations"]["find-order@erp"] == {
        "effect": "read",
        "timeout_s": 5.0,
        "queue": "cauce-erp",
        "input": {"type": "object"},
        "output": None,
    }
    assert bundle["forms"] == {"qualify": {"form": "qualify"}}
    assert bundle["decisions"] == {"credit": {"decision": "credit"}}
    assert bundle["stages"] == {"sales": {"stages": "sales"}}


def test_bundle_pins_what_every_call_stands_for() -> None:
    assert resolve(load_yaml(TEXT, "order.yaml").data, **WORLD)["calls"] == {
        "compensate": "compensate:1.0.0@default",
        "create-order@erp": "create-order@erp",
        "decision:1.0.0@default": "decision:1.0.0@default",
        "enter-stage": "enter-stage:1.0.0@default",
        "find-order@erp": "find-order@erp",
        "http": "http",
        "human-task": "human-task:1.0.0@default",
        "look": "use.functions.look",
    }


def test_digest_is_of_everything_and_survives_json() -> None:
    document = load_yaml(TEXT, "order.yaml").data
    bundle = resolve(document, **WORLD)
    assert digest(json.loads(json.dumps(bundle))) == bundle["digest"]
    assert resolve(load_yaml(TEXT, "order.yaml").data, **WORLD)["digest"] == bundle["digest"]
    changed = {**WORLD, "decisions": {"credit": {"decision": "credit", "hit": "unique"}}}
    assert resolve(document, **changed)["digest"] != bundle["digest"]


def test_what_is_not_there_cannot_be_published() -> None:
    with pytest.raises(DefinitionError, match="/do/1/rate: There is no `credit` to publish with the process"):
        resolve(load_yaml(TEXT, "order.yaml").data, **{**WORLD, "decisions": {}})


def test_a_calendar_is_pinned_with_its_holidays_written_out() -> None:
    text = """\
document: {dsl: '1.0.3', namespace: sales, name: order, version: 1.2.0}
do:
  - ask: {call: human-task, with: {form: qualify, assign: {group: g}, due: {after: P1D, calendar: office}}}
"""
    document = load_yaml(text, "order.yaml").data
    office = {
        "calendar": "office",
        "timezone": "Europe/Madrid",
        "hours": {"monday": ["09:00-14:00"]},
        "holidays": {"country": "ES"},
    }
    pinned = resolve(document, **WORLD, calendars=calendars.of({"office": office}))["calendars"]["office"]
    assert (pinned["timezone"], pinned["week"]) == ("Europe/Madrid", [["09:00-14:00"], *([[]] * 6)])
    assert pinned["days"]["2030-01-01"] == pinned["days"]["2026-12-25"] == []
    with pytest.raises(DefinitionError):
        resolve(document, **WORLD, calendars=calendars.of({}))
    waits = load_yaml(TEXT + "  - nap: {wait: P1D, metadata: {cauce: {calendar: office}}}\n", "order.yaml").data
    assert list(resolve(waits, **WORLD, calendars=calendars.of({"office": office}))["calendars"]) == ["office"]
