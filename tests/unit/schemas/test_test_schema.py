from collections.abc import Iterator
from typing import Any

from schemas import load_yaml, schema, validate

JSON = Any


def properties(node: JSON, at: str = "") -> Iterator[tuple[str, JSON]]:
    if isinstance(node, dict):
        for name, value in (node.get("properties") or {}).items():
            yield f"{at}/{name}", value
        for key, value in node.items():
            if key not in ("examples", "required"):
                yield from properties(value, f"{at}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from properties(value, f"{at}/{index}")


def test_every_property_has_a_description_and_an_example() -> None:
    found = {at: value for at, value in properties(schema("test")) if "/$defs/text/" not in at}
    assert {at for at, value in found.items() if not value.get("description")} == set()
    assert {at for at, value in found.items() if not value.get("examples")} == set()
    assert len(found) > 40


def test_what_is_wrong_is_said_in_words() -> None:
    text = "test: a\nprocess: a\ncases:\n  - name: x\n    answers: {b: {error: busy}, c: {after: soon}}\n"
    found = [(each.code, each.problem) for each in validate("test", load_yaml(text, "a.test.yaml"))]
    assert found[0][0] in ("wrong-value", "wrong-shape")
    assert "transient" in found[0][1]
    assert any("must be a duration" in problem for _, problem in found)
