"""What data may be: nested no deeper than JSON can be read and written, of characters that can be kept."""

from collections.abc import Iterable
from typing import Any, Final

from cauce.errors import InputError, TooLargeError

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


def check_entered(value: JSON, where: str = "") -> None:
    """Look at data that comes from people and programs: `check_depth`, and that every character can be kept.

    Raises InputError for U+0000, which PostgreSQL does not keep, and half a character (a lone surrogate), which cannot
    be written as UTF-8: what was taken with them could never be shown again.
    """
    check_depth(value, where)
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str) and not _can_be_kept(each):
            problem = "The data has a character that cannot be kept: U+0000, or half of one."
            raise InputError(problem, hint="Take it out of the text.", where=where)
        if isinstance(each, dict):
            waiting += each
        if isinstance(each, _NESTING):
            waiting += _inside(each)


def _can_be_kept(text: str) -> bool:
    if "\0" in text:
        return False
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def _inside(value: dict[str, JSON] | list[JSON]) -> Iterable[JSON]:
    return value.values() if isinstance(value, dict) else value
