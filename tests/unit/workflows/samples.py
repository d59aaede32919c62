"""Bundles for tests of the interpreter, written as short as they can be."""

from typing import Any

from ruamel.yaml import YAML

JSON = Any
FORM = {"form": "f", "title": "F", "schema": {"type": "object", "required": ["ok"]}}
OPERATIONS = {
    f"{name}@erp": {"effect": effect, "timeout_s": 20, "queue": "cauce-erp", "input": None, "output": None}
    for name, effect in {"read": "read", "write": "write", "other": "write", "undo": "write"}.items()
}


def bundle(text: str) -> dict[str, JSON]:
    """Return the bundle of a process given as YAML: its `do`, or a mapping of its top-level properties."""
    given = YAML(typ="safe", pure=True).load(text)
    document = {
        "document": {"dsl": "1.0.3", "namespace": "test", "name": "process", "version": "1.0.0"},
        **(given if isinstance(given, dict) else {"do": given}),
    }
    return {
        "format": 1,
        "namespace": "test",
        "name": "process",
        "version": "1.0.0",
        "document": document,
        "operations": OPERATIONS,
        "forms": {"f": FORM},
        "decisions": {},
        "stages": {},
    }
