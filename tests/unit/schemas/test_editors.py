"""What editors show of our schema: every property has a description and an example, and the example is one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

import schemas

FILE = Path(schemas.__file__).with_name("process.schema.json")
SCHEMA = json.loads(FILE.read_text(encoding="utf-8"))


def properties(node: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Yield pointer and content of every property that a schema declares, at any depth."""
    if isinstance(node, dict):
        declared = node.get("properties")
        for name, content in declared.items() if isinstance(declared, dict) else ():
            yield f"{pointer}/properties/{name}", content
        for key, each in node.items():
            if key not in {"examples", "const", "enum", "default"}:
                yield from properties(each, f"{pointer}/{key}")
    elif isinstance(node, list):
        for index, each in enumerate(node):
            yield from properties(each, f"{pointer}/{index}")


ALL = [(pointer, content) for pointer, content in properties(SCHEMA) if isinstance(content, dict)]


def test_there_are_many_properties() -> None:
    assert len(ALL) > 500


def test_every_property_has_a_description() -> None:
    assert [pointer for pointer, content in ALL if not content.get("description")] == []


def test_every_description_is_a_sentence() -> None:
    wrong = [content["description"] for _, content in ALL if content["description"][-1] not in ".!?"]
    assert wrong == []


def test_every_property_has_an_example() -> None:
    assert [pointer for pointer, content in ALL if not content.get("examples")] == []


def test_every_example_is_one() -> None:
    wrong = [
        pointer
        for pointer, content in ALL
        for example in content.get("examples") or ()
        if not Draft202012Validator({**content, "$defs": SCHEMA["$defs"]}).is_valid(example)
    ]
    assert wrong == []
