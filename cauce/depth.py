"""How deep data may nest: deeper than people write it, and not so deep that reading or writing JSON fails."""

from collections.abc import Iterable
from typing import Any, Final

from cauce.errors import TooLargeError

JSON = Any
LEVELS: Final = 200
# Not `dict | list`, which would be made anew for each value.
_NESTING: Final = (dict, list)


def check_depth(value: JSON, where: str = "") -> None:
    """Raise TooLargeError when lists and objects nest too deep in the value.

    An instance that took such data could neither pass it on nor be read again, and would stand still for ever.
    """
    level = [value]
    for _ in range(LEVELS):
        level = [inner for each in level if isinstance(each, _NESTING) for inner in _inside(each)]
        if not level:
            return
    raise TooLargeError(
        f"The data nests deeper than {LEVELS} levels.", hint="Keep it flatter, or pass it on as text.", where=where
    )


def _inside(value: dict[str, JSON] | list[JSON]) -> Iterable[JSON]:
    return value.values() if isinstance(value, dict) else value
