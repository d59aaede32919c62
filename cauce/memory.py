"""Keeps the memory of a worker small."""

import ctypes
from contextlib import suppress
from typing import Final

_ARENA_MAX: Final = -8
_ENOUGH: Final = 2


def share_arenas() -> None:
    """Let threads share what they take memory from; each would keep some ten megabytes of its own that nobody uses.

    Python's threads take turns anyway. Only glibc knows this; elsewhere nothing happens.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, _ENOUGH)
