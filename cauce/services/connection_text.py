"""Writes an imported connection as a file that explains itself: what was guessed, left out, and is to be decided."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from cauce.importing import Contract, ImportedOperation
from cauce.services.yaml_text import comment, flow, lines, scalar

JSON = Any
_longest_title: Final = 100
_longest_description: Final = 300
_idempotency: Final = (
    "When a write without `idempotency` gets no answer, nobody can tell whether it happened. Give each a key, and with "
    "`find` a read that looks it up."
)
_errors: Final = "`errors` of each operation: which codes of the system mean transient, business, permanent."


def connection_text(
    name: str,
    kind: str,
    source: str,
    contract: Contract,
    operations: Mapping[str, ImportedOperation],
) -> str:
    """Return the file."""
    return "\n".join(_all_lines(name, kind, source, contract, operations)) + "\n"


def _all_lines(
    name: str,
    kind: str,
    source: str,
    contract: Contract,
    operations: Mapping[str, ImportedOperation],
) -> Iterator[str]:
    yield from comment(f"Imported by `cauce connect import` from {origin(source)}:", 0)
    yield from comment(f"{len(operations)} of {contract.declared} operations that are declared there.", 0)
    yield from comment("To decide, by a person who knows the system:", 0)
    unsafe = any(each.effect == "write" and not each.key for each in operations.values())
    for sentence in (*contract.decide, *((_idempotency,) if unsafe else ()), _errors):
        yield from comment(f"- {sentence}", 0)
    if contract.left_out:
        yield from comment("Left out:", 0)
        for each in contract.left_out:
            yield from comment(f"- {each.name}: {each.why}", 0)
    yield f"connection: {scalar(name)}"
    yield f"kind: {scalar(kind)}"
    if title := _short(contract.title, _longest_title):
        yield f"title: {scalar(title)}"
    if contract.optional:
        yield "settings:"
        for key, value in contract.settings.items():
            yield from lines(key, value, 2)
        yield from comment("If the system wants a login:", 2)
        for key, value in contract.optional.items():
            yield from (f"  # {line.strip()}" for line in lines(key, value, 2))
    else:
        yield from lines("settings", contract.settings, 0)
    yield f"limits: {flow({'concurrency': 4, 'breaker': {'failures': 5, 'reset': 'PT30S'}})}"
    yield "operations:"
    for own, operation in operations.items():
        yield from _operation_lines(own, operation)


def _operation_lines(name: str, operation: ImportedOperation) -> Iterator[str]:
    for sentence in operation.decide:
        yield from comment(f"Decide: {sentence}", 2)
    yield f"  {scalar(name)}:"
    parts: dict[str, JSON] = {
        "title": _short(operation.title, _longest_title),
        "description": _short(operation.description, _longest_description),
        "calls": operation.calls,
        "effect": operation.effect,
        "request": operation.request,
        "response": operation.response,
    }
    for key, value in parts.items():
        if value:
            yield from lines(key, value, 4)
    if operation.key:
        yield from lines(
            "idempotency", {"key": operation.key, **({"find": operation.find} if operation.find else {})}, 4
        )
    for key, schema in (("input", operation.input), ("output", operation.output)):
        if schema is not None and schema is not True:
            yield from lines(key, schema, 4)


def origin(source: str) -> str:
    """Return a source as a comment may show it: an address without its query, a file without its folder."""
    if source.startswith(("http://", "https://")):
        return source.partition("?")[0].partition("#")[0]
    return "a database" if "=" in source else Path(source).name


def _short(text: str, most: int) -> str:
    """Return text on one line, cut at a word."""
    plain = " ".join(text.split())
    return plain if len(plain) <= most else plain[:most].rpartition(" ")[0] + " …"
