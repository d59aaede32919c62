"""What a process names by its address, and where."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.checking.walk import all_tasks

JSON = Any
_HOLDERS = ("input", "output", "export")


@dataclass(frozen=True, slots=True)
class Reference:
    """A place in a document at which a resource is named; `pointer` leads to its endpoint."""

    pointer: str
    uri: JSON
    authentication: JSON = None


def reference_of(resource: JSON, pointer: str) -> Reference | None:
    """Return what an external resource refers to; None when it is not well-formed."""
    endpoint = resource.get("endpoint") if isinstance(resource, Mapping) else None
    if isinstance(endpoint, Mapping):
        return Reference(f"{pointer}/endpoint/uri", endpoint.get("uri"), endpoint.get("authentication"))
    return Reference(f"{pointer}/endpoint", endpoint) if isinstance(endpoint, str) else None


def schema_references(document: Mapping[str, JSON]) -> Iterator[Reference]:
    """Yield every schema of a process that is at an address."""
    yield from _of_schemas(document, "")
    for pointer, _, task in all_tasks(document):
        if isinstance(task, Mapping):
            yield from _of_schemas(task, pointer)
            yield from _of_schemas(task.get("foreach"), f"{pointer}/foreach")


def _of_schemas(holder: JSON, pointer: str) -> Iterator[Reference]:
    for name in _HOLDERS if isinstance(holder, Mapping) else ():
        part = holder.get(name)
        schema = part.get("schema") if isinstance(part, Mapping) else None
        if isinstance(schema, Mapping) and "resource" in schema:
            found = reference_of(schema["resource"], f"{pointer}/{name}/schema/resource")
            if found is not None:
                yield found


def script_references(document: Mapping[str, JSON]) -> Iterator[Reference]:
    """Yield every script of a process that is at an address."""
    for pointer, _, task in all_tasks(document):
        run = task.get("run") if isinstance(task, Mapping) else None
        script = run.get("script") if isinstance(run, Mapping) else None
        if isinstance(script, Mapping) and "source" in script:
            found = reference_of(script["source"], f"{pointer}/run/script/source")
            if found is not None:
                yield found
