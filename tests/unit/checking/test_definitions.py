import cProfile
from pathlib import Path

import pytest

from schemas import Source, load_file, load_yaml
from tests.unit.checking.world import KNOWN
from workflows.checking import Known, OperationContract, check

ROOT = Path(__file__).resolve().parents[3]
HEAD = "document: {dsl: '1.0.3', namespace: t, name: p, version: 1.0.0}\n"
CONNECTION = """\
connection: shop
kind: http
operations:
  find-order:
    calls: GET /orders/{id}
    effect: read
    input: {type: object, required: [id], properties: {id: {type: string}}}
"""


def source(text: str, file: str = "p.yaml") -> Source:
    return load_yaml(text, file)


def codes(*sources: Source, known: Known | None = None) -> list[str]:
    return [f"{finding.place}: {finding.code}" for finding in check(sources, known)]


def test_a_process_may_call_a_connection_checked_with_it() -> None:
    process = source(HEAD + "do: [{a: {call: find-order@shop, with: {id: x}}}]\n")
    assert codes(process) == ["p.yaml:2:17: unknown-connection"]
    assert codes(process, source(CONNECTION, "shop.yaml")) == []


def test_a_connection_checked_replaces_the_published_one() -> None:
    process = source(HEAD + "do: [{a: {call: list-orders@shop, with: {}}}]\n")
    published = Known(operations={"list-orders@shop": OperationContract("read")})
    assert codes(process, known=published) == []
    assert codes(process, source(CONNECTION, "shop.yaml"), known=published) == ["p.yaml:2:17: unknown-operation"]


def test_contracts_of_a_connection_checked_with_it_hold() -> None:
    process = source(HEAD + "do: [{a: {call: find-order@shop, with: {nr: 5}}}]\n")
    assert codes(process, source(CONNECTION, "shop.yaml")) == ["p.yaml:2:34: contract"]


def test_a_broken_connection_is_still_there() -> None:
    broken = CONNECTION.replace("effect: read", "effect: reads")
    process = source(HEAD + "do: [{a: {call: find-order@shop, with: {id: x}}}]\n")
    assert codes(process, source(broken, "shop.yaml")) == ["shop.yaml:6:13: wrong-value"]


def test_the_same_definition_twice() -> None:
    first, second = source(CONNECTION, "a.yaml"), source(CONNECTION, "b.yaml")
    [finding] = check([first, second])
    assert str(finding) == (
        "b.yaml:1:13: duplicate-definition: The connection `shop` is defined twice; the first is at a.yaml:1:1. "
        "Rename one of them."
    )


def test_versions_of_a_process_live_together() -> None:
    old = source(HEAD + "do: [{a: {set: {x: 1}}}]\n", "old.yaml")
    new = source(HEAD.replace("1.0.0", "1.1.0") + "do: [{a: {set: {x: 1}}}]\n", "new.yaml")
    assert check([old, new]) == []
    copy = source(old.text, "copy.yaml")
    assert codes(old, new, copy) == ["copy.yaml:1:46: duplicate-definition"]


def test_names_alone_are_enough_to_know_something() -> None:
    text = HEAD + "do: [{a: {call: enter-stage, with: {stages: sales, stage: anything}}}]\n"
    assert check([source(text)], Known(stages={"sales"})) == []


def test_findings_come_in_the_order_of_files_and_lines() -> None:
    process = "do:\n  - a: {set: {x: '${ $y }'}, then: b}\n  - c: {wiat: 5}\n  - d: {set: {x: '${ $z }'}}\n" + HEAD
    two = [source(process, "z.yaml"), source(process.replace("name: p", "name: q"), "a.yaml")]
    places = [(finding.place.file, finding.place.line) for finding in check(two) if finding.place]
    assert places == [(file, line) for file in ("z.yaml", "a.yaml") for line in (2, 2, 3, 4)]


def test_one_malformed_task_does_not_hide_what_is_wrong_elsewhere() -> None:
    text = """\
do:
  - a:
      try:
        - b: {call: http, with: {endpoint: 5}}
        - c: {set: {x: '${ $nothing }'}, then: nowhere}
      catch: {retry: often}
  - d: {if: '.a ==', set: {x: 1}}
"""
    assert codes(source(HEAD + text)) == [
        "p.yaml:5:27: missing-property",
        "p.yaml:5:44: wrong-type",
        "p.yaml:6:28: unknown-variable",
        "p.yaml:6:48: unknown-target",
        "p.yaml:7:22: unknown-reference",
        "p.yaml:8:19: expression",
    ]


def test_what_is_in_a_task_of_an_unknown_kind_is_not_taken_for_granted() -> None:
    text = "do: [{a: {call: x, do: [{b: {emit: {event: {with: 5}}}}]}}]\n"
    assert codes(source(HEAD + text)) == ["p.yaml:2:20: task-keyword"]


def test_our_own_definitions_are_sound() -> None:
    files = [path for path in sorted((ROOT / "definitions").rglob("*.yaml")) if ".test." not in path.name]
    if not files:
        pytest.skip("no definitions in this checkout")
    kinds = frozenset(path.name for path in (ROOT / "connectors").iterdir() if path.is_dir())
    errors = [
        str(each) for each in check([load_file(path) for path in files], Known(kinds=kinds)) if each.severity == "error"
    ]
    assert errors == []


def test_settings_are_those_of_the_kind() -> None:
    schema = {"properties": {"base_url": {"description": "Where it is."}, "timeout": {}}, "required": ["base_url"]}
    known = Known(kinds=frozenset({"http"}), settings={"http": schema}.__getitem__)
    [misspelt] = check([source(CONNECTION + "settings: {base_ulr: x}\n")], known)
    assert f"{misspelt.place}: {misspelt.code}" == "p.yaml:8:12: unknown-property"
    assert "did you mean `base_url`" in misspelt.problem
    [missing] = check([source(CONNECTION + "settings: {timeout: PT1S}\n")], known)
    assert (f"{missing.place}: {missing.code}", missing.hint) == ("p.yaml:8:1: missing-property", "Where it is.")


def _calls_to_check(tasks: int) -> int:
    text = "".join(  # with expressions that no other call has compiled
        f"  - t{number}:\n      if: .a{tasks} > {number}\n      call: find-customer@erp\n"
        f"      with: {{taxId: '${{ .x.b{tasks}x{number} }}'}}\n"
        f"      export: {{as: '$context + {{a{tasks}x{number}: .}}'}}\n"
        for number in range(tasks)
    )
    process = source(f"{HEAD}do:\n{text}")
    profile = cProfile.Profile()
    assert profile.runcall(check, [process], KNOWN) == []
    return sum(each.callcount for each in profile.getstats())


def test_effort_grows_with_the_number_of_tasks_and_no_faster() -> None:
    _calls_to_check(10)  # what is computed once
    assert _calls_to_check(400) < 4.4 * _calls_to_check(100)
