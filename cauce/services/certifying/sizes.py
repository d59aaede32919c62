"""The largest sizes that a capability and a connection declare."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from cauce.services.certifying.subject import Subject

JSON = Any
# Whoever declares more than this is believed.
_LARGEST: Final = 2000


def longest(subject: Subject, operation: str, field: str) -> int | None:
    """Return how long a text may be; None where nobody says."""
    return _declared(subject, operation, field, "maxLength")


def limits(subject: Subject, operation: str) -> Iterator[tuple[str, int, Callable[[str], JSON]]]:
    """Yield properties with their largest declared size, and what makes a value of that size from a mark."""
    wanted = subject.wanted(operation)
    for field in wanted.get("texts") or ():
        size = longest(subject, operation, field)
        if size is not None and size <= _LARGEST:
            yield field, size, _text(size)
    for field, value in wanted["samples"]["usual"].items():
        size = _declared(subject, operation, field, "maxItems") if isinstance(value, list) and value else None
        if size is not None and size <= _LARGEST:
            yield field, size, _list(value[0], size)


def _text(size: int) -> Callable[[str], JSON]:
    return lambda mark: f"{mark}-size-{size} ".ljust(size, "x")[:size]


def _list(item: JSON, size: int) -> Callable[[str], JSON]:
    return lambda _: [item] * size


def _declared(subject: Subject, operation: str, field: str, keyword: str) -> int | None:
    """Return what the connection declares, else the capability."""
    asked = subject.connection.operation(operation).input
    for schema in (asked, subject.wanted(operation)["input"]):
        found = _property(schema, field).get(keyword)
        if isinstance(found, int):
            return found
    return None


def _property(schema: JSON, field: str) -> Mapping[str, JSON]:
    found = (schema.get("properties") or {}).get(field) if isinstance(schema, Mapping) else None
    return found if isinstance(found, Mapping) else {}
