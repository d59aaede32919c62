"""Builds what is published of a process: the document with everything that it names, and a digest of it all."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cauce.contract import operation_queue
from cauce.errors import DefinitionError
from cauce.expressions import VERSION
from workflows.checking.calls import CATALOG, CATALOG_VERSION, undoing
from workflows.checking.known import OperationContract
from workflows.checking.walk import all_tasks

JSON = Any
FORMAT: Final = 1


def resolve(
    document: Mapping[str, JSON],
    *,
    operations: Mapping[str, OperationContract],
    forms: Mapping[str, JSON],
    decisions: Mapping[str, JSON],
    stages: Mapping[str, JSON],
    resources: Mapping[str, JSON] | None = None,
) -> dict[str, JSON]:
    """Return the bundle of a checked process: everything that its calls name is in it, so that nothing can change.

    `resources` is what was fetched from the addresses that it names.

    Raises:
        DefinitionError: It names something that is not among what was given.
    """
    functions = (document.get("use") or {}).get("functions") or {}
    found: dict[str, dict[str, JSON]] = {"operations": {}, "forms": {}, "decisions": {}, "stages": {}, "calls": {}}
    given: Mapping[str, Mapping[str, JSON]] = {"forms": forms, "decisions": decisions, "stages": stages}
    for place, task in _calls(document):
        name, arguments = task["call"], task.get("with") or {}
        full = _full_name(name, functions)
        found["calls"][name] = full
        section, key = {
            "human-task": ("forms", "form"),
            "decision": ("decisions", "table"),
            "enter-stage": ("stages", "stages"),
        }.get(full.partition(":")[0] if full.endswith("@default") else "", ("", ""))
        if section:
            found[section][arguments[key]] = _pick(given[section], arguments[key], place)
        undo = undoing(task)
        for operation in [full, *([undo["call"]] if undo else [])]:
            if "@" in operation and not operation.endswith("@default"):
                found["operations"][operation] = _operation(operation, _pick(operations, operation, place))
    head = document["document"]
    bundle = {
        "format": FORMAT,
        "namespace": head["namespace"],
        "name": head["name"],
        "version": head["version"],
        "expressions": VERSION,
        "document": dict(document),
        **{section: dict(sorted(entries.items())) for section, entries in found.items()},
        **({"resources": dict(sorted(resources.items()))} if resources else {}),
    }
    return {**bundle, "digest": digest(bundle)}


def digest(bundle: Mapping[str, JSON]) -> str:
    """Return the SHA-256 of a bundle's canonical JSON without the digest itself."""
    content = {key: value for key, value in bundle.items() if key != "digest"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _calls(document: Mapping[str, JSON]) -> Iterator[tuple[str, Mapping[str, JSON]]]:
    for place, _, task in all_tasks(document):
        if isinstance(task, dict) and isinstance(task.get("call"), str):
            yield place, task


def _full_name(name: str, functions: Mapping[str, JSON]) -> str:
    """Return what a call's name stands for, written out."""
    if name in functions:
        return f"use.functions.{name}"
    return f"{name}:{CATALOG_VERSION}@default" if name in CATALOG else name


def _operation(name: str, contract: OperationContract) -> dict[str, JSON]:
    return {
        "effect": contract.effect,
        "timeout_s": contract.timeout_s,
        "queue": operation_queue(name.partition("@")[2]),
        "input": contract.input,
        "output": contract.output,
    }


def _pick(given: Mapping[str, JSON], name: str, place: str) -> JSON:
    if name not in given:
        raise DefinitionError(
            f"There is no `{name}` to publish with the process.", hint="Publish it first.", where=place
        )
    return given[name]
