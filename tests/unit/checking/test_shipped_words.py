"""What pages show of the shipped definitions is in both languages: titles, labels, names of groups and severities."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from schemas import load_file

ROOT = Path(__file__).resolve().parents[3] / "definitions"
# Kinds that people meet on pages; the others are read by who writes definitions.
MET: Final = ("processes", "forms", "clocks", "stages", "policies", "roadmaps", "templates", "calendars")
LABELS: Final = frozenset({"title", "description", "label", "help"})
LANGUAGES: Final = {"en", "es"}
# How a field is shown, and expressions.
UNSEEN: Final = re.compile("/ui/(widgets|options)/")
# The same in both.
SAME: Final = frozenset({"Total", "Marketing"})


@pytest.fixture(scope="module")
def documents() -> dict[str, Any]:
    files = [each for kind in MET for each in (ROOT / kind).rglob("*.yaml") if not each.name.endswith(".test.yaml")]
    return {str(each.relative_to(ROOT)): load_file(each).data for each in files}


def texts(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what has one language, and what has two, with where it stands; what stands for itself is left out."""
    if isinstance(value, Mapping):
        if value and set(value) <= LANGUAGES:
            yield at, value
            return
        for name, each in value.items():
            if name in LABELS and isinstance(each, str) and not each.isdecimal() and each not in SAME:
                yield f"{at}/{name}", each
            yield from texts(each, f"{at}/{name}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from texts(each, f"{at}/{index}")


def named(value: Any, keys: frozenset[str]) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            if name in keys and not isinstance(each, Mapping):
                yield from (one for one in (each if isinstance(each, list) else [each]) if isinstance(one, str))
            yield from named(each, keys)
    elif isinstance(value, list):
        for each in value:
            yield from named(each, keys)


def test_every_text_of_the_shipped_definitions_has_both_languages(documents: dict[str, Any]) -> None:
    found = [
        (file, at, text)
        for file, document in documents.items()
        for at, text in texts(document)
        if (isinstance(text, str) and not file.startswith("processes/") and not UNSEEN.search(at))
        or (isinstance(text, Mapping) and not (set(text) == LANGUAGES and all(text.values())))
    ]
    assert found == []


def test_every_shipped_process_has_a_title_in_both_languages(documents: dict[str, Any]) -> None:
    titles = {
        file: set(document["document"].get("metadata", {}).get("cauce", {}).get("title", {}))
        for file, document in documents.items()
        if file.startswith("processes/")
    }
    assert {file for file, languages in titles.items() if languages != LANGUAGES} == set()


def test_every_group_and_severity_that_is_named_has_a_name_for_people(documents: dict[str, Any]) -> None:
    policies = [each for file, each in documents.items() if file.startswith("policies/")]
    kinds = "groups", "severities", "interactions"
    called = {kind: {name for each in policies for name in each.get(kind, {})} for kind in kinds}
    wanted = set(named(list(documents.values()), frozenset({"group", "also"})))
    assert {each for each in wanted if "$" not in each} - called["groups"] == set()
    clocks = [each for file, each in documents.items() if file.startswith("clocks/")]
    severities = {name for each in clocks for name in each.get("targets", {})}
    assert severities - called["severities"] - {"low", "medium", "high", "critical"} == set()
    noted = {
        each for file, document in documents.items() if file.startswith("processes/") for each in noted_kinds(document)
    }
    assert {each for each in noted if "$" not in each} - called["interactions"] == set()


def noted_kinds(node: Any) -> Iterator[str]:
    """Return what kinds of things a process notes on a customer's timeline."""
    if isinstance(node, dict):
        if node.get("call") in {"record-interaction@hub", "write-to-customer"}:
            yield node["with"]["kind"]
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from noted_kinds(each)
