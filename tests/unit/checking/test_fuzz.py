"""Whatever is written in a file, checking it ends soon, and with findings instead of a traceback."""

import copy
import dataclasses
import random
import time

import pytest

from cauce.errors import CauceError
from schemas import findings_of, load_yaml
from tests.unit.checking.world import KNOWN
from workflows.checking import CODES, check

SEEDS = [
    """\
document: {dsl: '1.0.3', namespace: t, name: p, version: 1.0.0}
use:
  retries: {often: {delay: {seconds: 1}, backoff: {exponential: {}}, limit: {attempt: {count: 5}}}}
  functions: {f: {call: http, with: {method: get, endpoint: 'https://x.example'}}}
  secrets: [token]
  authentications: {shop: {basic: {username: u, password: '${ $secrets.token }'}}}
schedule: {on: {one: {with: {type: t}}}}
input: {from: '.a', schema: {document: {type: object, properties: {a: {pattern: '^x'}}}}}
do:
  - ask:
      call: human-task
      with: {form: qualify, assign: {group: g}, due: {after: PT1H}, differentFrom: [ask]}
      export: {as: '$context + {score: .answer.score}'}
  - ways:
      switch:
        - a: {when: '$context.score > 3', then: work}
        - b: {then: end}
  - work:
      try:
        - order:
            call: create-order@erp
            with: {reference: '${ .r }', lines: []}
            metadata: {cauce: {compensate: {call: create-order@erp, with: {lines: []}}}}
      catch:
        errors: {with: {status: 503}}
        retry: often
        do: [{x: {raise: {error: {type: 'https://e.example/x', status: 5}}}}]
  - loop: {for: {each: i, in: .lines}, while: $i > 2, do: [{y: {wait: PT5S}}]}
  - both:
      fork:
        compete: true
        branches: [{p: {call: f}}, {q: {run: {workflow: {namespace: t, name: p, version: latest}}}}]
""",
    """\
connection: shop
kind: http
limits: {rate: 5/s, breaker: {failures: 3, reset: PT5S}}
operations:
  find-a: {calls: GET /, effect: read, response: '{a: .b}', output: {type: object}}
  a: {calls: POST /, effect: write, timeout: PT5S, idempotency: {key: .id, find: find-a}, errors: {'409': business}}
""",
    """\
form: f
title: {en: F, es: F}
schema: {type: object, properties: {score: {oneOf: [{const: 1, title: {en: One, es: Uno}}]}}}
ui: {order: [score], widgets: {score: radio}}
context: [{title: T, value: .lead}]
""",
    "decision: c\nhit: first\ninputs: {a: .a}\nrules: [{id: x, when: .a > 1, then: ['${ .a }']}, {id: y, then: 2}]\n",
    "stages: s\nlist: [{id: a, title: A, probability: 0.5, maxDwell: P1D, outcome: won}]\n",
]
PIECES = [
    *"{}[]:,-#&*!|>'\"%@`\t\n ${}.",
    "null",
    "5",
    "- ",
    ": ",
    "[]",
    "{}",
    "true",
    "${ ",
    "&a ",
    "*a",
    "<<: ",
    "do:",
    "x" * 50,
]


def mutated(seed: int) -> str:
    chance = random.Random(seed)  # noqa: S311 - repeatable noise, not a secret
    text = chance.choice(SEEDS)
    for _ in range(chance.randint(1, 6)):
        start = chance.randrange(len(text))
        end = min(len(text), start + chance.choice([0, 0, 1, 1, 5, 40]))
        piece = chance.choice([*PIECES, "", "", text[end : end + chance.randint(1, 60)]])
        text = text[:start] + piece + text[end:]
    return text


@pytest.mark.parametrize("block", range(10))
def test_mutated_definition_gives_findings_soon(block: int) -> None:
    for seed in range(block * 60, block * 60 + 60):
        text = mutated(seed)
        began = time.process_time()
        try:
            found = check([load_yaml(text, "f.yaml")], KNOWN)
        except CauceError as error:
            found = list(findings_of(error))
            assert found, seed
        assert {finding.code for finding in found} <= set(CODES), seed
        assert all(finding.place is not None for finding in found), seed
        assert time.process_time() - began < 2, seed


VALUES: list[object] = [None, True, 5, 0.5, "", "text", "${ . }", [], [None], [[]], {}, {"x": None}, {"a": {"b": []}}]


@pytest.mark.parametrize("number", range(len(SEEDS)))
def test_any_value_in_any_place_gives_findings(number: int) -> None:
    sound = load_yaml(SEEDS[number], "f.yaml")
    for index, pointer in enumerate(sorted(sound.places.marks)):
        for turn in range(3):
            value = VALUES[(index + 5 * turn) % len(VALUES)]
            source = dataclasses.replace(sound, data=copy.deepcopy(sound.data))
            if put(source.data, pointer, value):
                found = check([source], KNOWN)
                assert {finding.code for finding in found} <= set(CODES), (pointer, value)


def test_seeds_are_sound() -> None:
    assert [str(each) for seed in SEEDS for each in check([load_yaml(seed, "f.yaml")], KNOWN)] == []


def put(data: object, pointer: str, value: object) -> bool:
    *steps, last = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]] or [""]
    for step in steps:
        data = data[int(step)] if isinstance(data, list) else data[step] if isinstance(data, dict) else None
    if isinstance(data, dict) and pointer:
        data[last] = value
    elif isinstance(data, list) and pointer:
        data[int(last)] = value
    else:
        return False
    return True
