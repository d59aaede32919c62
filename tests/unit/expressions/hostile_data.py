"""Hostile data by name, made when it is asked for: all of it at once would be gigabytes."""

from collections.abc import Callable
from typing import Any


def deep(levels: int) -> Any:
    """Return arrays inside each other."""
    value: Any = None
    for _ in range(levels):
        value = [value]
    return value


def _long() -> str:
    return "ab" * 250_000


def _objects(count: int) -> list[dict[str, Any]]:
    return [{"a": number % 7, "b": str(number)} for number in range(count)]


BUILDERS: dict[str, Callable[[], Any]] = {
    "50 MB": lambda: "x" * 50_000_000,
    "1 MB": lambda: "x" * 1_000_000,
    "long": _long,
    "wide": lambda: list(range(100_000)),
    "deep": lambda: deep(100_000),
    "objects": lambda: _objects(100_000),
    "long and different": lambda: [_long() + str(number) for number in range(100)],
    "long and equal": lambda: [_long() + "" for _ in range(1000)],
    "ten long": lambda: [_long()] * 10,
    "a hundred long": lambda: [_long()] * 100,
    "a thousand long": lambda: [_long()] * 1000,
    "100,000 long": lambda: [_long()] * 100_000,
    "two wide": lambda: [list(range(100_000))] * 2,
    "wide by 100": lambda: list(range(100)),
    "wide by 50,000": lambda: list(range(50_000)),
    "bushy": lambda: [[[[[1] * 10] * 10] * 10] * 10],
    "300 digits": lambda: [10**300, 3],
    "4,000 digits": lambda: [10**4000],
    "a thousand with 400 digits": lambda: [10**400] * 1000,
    "letters": lambda: "A" * 1_000_000,
    "angles": lambda: "<" * 200_000,
    "fewer objects": lambda: _objects(20_000),
    "events": lambda: [[[number, 0], 1] for number in range(50_000)],
    "equal events": lambda: [[[0], 1]] * 100_000,
    "codes": lambda: [65] * 100_000,
    "object of 50,000": lambda: dict.fromkeys(map(str, range(50_000)), 1),
    "object of 99,000": lambda: dict.fromkeys(map(str, range(99_000)), 1),
    "object of 100,000": lambda: dict.fromkeys(map(str, range(100_000)), 1),
}
