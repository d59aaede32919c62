"""Mutations of sound documents: findings or clean, soon and in little memory; and what checks clean compiles."""

import copy
import json
import os
import random
import resource
import time
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from ruamel.yaml import YAML

from cauce.errors import CauceError, DefinitionError
from schemas import findings_of, load_file, load_yaml
from tests.conformance.case import HERE, cases
from tests.unit.checking.test_fuzz import PIECES
from workflows.bundle import resolve
from workflows.checking import CODES, check
from workflows.checking.known import Known, OperationContract, World, world_of
from workflows.compile import compile_bundle

SHARED = Path(os.environ.get("CAUCE_SHARED") or Path(__file__).resolve().parents[4] / "shared")
BLOCKS: Final = 50
IN_BLOCK: Final = 100
LONGEST_S: Final = 2.0
MOST_BYTES: Final = 500_000_000
VALUES: Final[list[Any]] = [
    None,
    True,
    -1,
    10**30,
    0.5,
    "",
    "${ . }",
    "${",
    "x" * 200_000,
    [],
    [[]],
    {},
    {"a": {"b": []}},
]
DEEP: Final = ("[" * 3_000, "{a: " * 3_000, "- " * 3_000, "&a [" * 50 + "*a" + "]" * 50)


@cache
def world() -> World:
    return world_of([load_file(file) for file in sorted((HERE / "definitions").rglob("*.yaml"))], Known())


@cache
def operations() -> dict[str, OperationContract]:
    return {name: contract for name, contract in world().operations.items() if contract is not None}


@cache
def known() -> Known:
    there = world()
    return Known(operations(), there.forms, there.decisions, there.stages, there.documents, functions=there.functions)


@cache
def seeds() -> list[str]:
    """Return our own cases as YAML text of several lines, and the standard's examples where they are at hand."""
    texts = [json.dumps(case.document("https://x.example"), indent=1) for case in cases() if not case.unchecked]
    texts += [file.read_text(encoding="utf-8") for file in sorted(SHARED.glob("spec/examples/*.yaml"))]
    return [text for text in texts if len(text) < 20_000]


def mutated_text(chance: random.Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    match chance.choices(range(6), [6, 6, 6, 6, 1, 6])[0]:  # depth takes by far the longest to read
        case 0:  # characters
            start = chance.randrange(len(text))
            return f"{text[:start]}{chance.choice(PIECES)}{text[start + chance.choice([0, 1, 5]) :]}"
        case 1:  # indentation
            lines[at] = chance.choice(["", " ", "   ", "\t"]) + lines[at].lstrip()
        case 2:  # lines that are missing
            del lines[at : at + chance.randint(1, 3)]
        case 3:  # keys that stand twice
            lines[at:at] = [lines[at]]
        case 4:  # depth
            lines[at] = lines[at].rstrip() + chance.choice(DEEP) + "\n"
        case _:  # any characters at all
            lines[at] = "".join(chr(chance.choice([0, 7, 34, 39, 58, 123, 0x2028, 0xFFFD, 0x1F600])) for _ in range(5))
    return "".join(lines)


@cache
def data_of(text: str) -> Any:
    """Return what a seed says; most are JSON, which is read in no time."""
    return json.loads(text) if text.startswith("{") else YAML(typ="safe", pure=True).load(text)


def mutated_data(chance: random.Random, text: str) -> str:
    data = copy.deepcopy(data_of(text))
    places = [place for place in holders(data) if place]
    for _ in range(chance.randint(1, 3)):
        holder = chance.choice(places)
        key = chance.choice(list(holder) if isinstance(holder, dict) else list(range(len(holder))))
        other = chance.choice(places)
        match chance.randrange(4):
            case 0:
                holder[key] = copy.deepcopy(chance.choice(VALUES))
            case 1:
                holder[key] = copy.deepcopy(other)
            case 2 if isinstance(holder, dict):
                holder[chance.choice(["x", "", "do", "call", "with", "é~/ "])] = holder.pop(key)
            case _:
                holder[key] = copy.deepcopy(chance.choice(list(other.values()) if isinstance(other, dict) else other))
        places = [place for place in holders(data) if place]
        if not places:
            break
    return json.dumps(data)


def holders(value: Any) -> list[Any]:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [*([value] if isinstance(value, dict | list) else []), *(each for item in inner for each in holders(item))]


def found_in(text: str) -> list[Any]:
    try:
        source = load_yaml(text, "f.yaml")
    except CauceError as error:
        told = list(findings_of(error))
        assert told
        return told
    found = check([source], known())
    if isinstance(source.data, dict) and "document" in source.data and not [f for f in found if f.severity == "error"]:
        compiled(source.data)
    return found


NOT_FETCHED = ("was not published", "nothing that can be called", "to publish with the process")


def compiled(document: Any) -> None:
    there = world()
    try:
        bundle = resolve(
            document,
            operations=operations(),
            forms=there.forms,
            decisions=there.decisions,
            stages=there.stages,
            templates=there.templates,
        )
        compile_bundle(json.loads(json.dumps(bundle)))
    except DefinitionError as error:
        # Nothing is fetched here, neither what has an address nor functions of a catalog.
        if not any(text in error.problem for text in NOT_FETCHED):
            raise


@pytest.mark.parametrize("block", range(BLOCKS))
def test_mutated_document_gives_findings_or_compiles(block: int) -> None:
    for number in range(block * IN_BLOCK, (block + 1) * IN_BLOCK):
        chance = random.Random(number)  # noqa: S311 - repeatable noise, not a secret
        seed = chance.choice(seeds())
        text = mutated_text(chance, seed) if number % 2 else mutated_data(chance, seed)
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        try:
            found = found_in(text)
        except Exception as error:
            error.add_note(f"number {number}")
            raise
        assert {each.code for each in found} <= set(CODES), number
        assert all(each.place is not None for each in found), number
        assert time.process_time() - began < LONGEST_S, number
        assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < MOST_BYTES, number


def test_there_are_enough_mutations() -> None:
    assert BLOCKS * IN_BLOCK >= 5_000
    assert len(seeds()) > 200
