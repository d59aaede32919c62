"""Keeps the memory of a worker small, and the search for garbage in it rare."""

import ctypes
import gc
from contextlib import suppress
from typing import Final

_ARENA_MAX: Final = -8
_ENOUGH: Final = 2
_LOOK_AFTER: Final = (5_000, 20, 20)


def share_arenas() -> None:
    """Let threads share what they take memory from; each would keep some ten megabytes of its own that nobody uses.

    Python's threads take turns anyway. Only glibc knows this; elsewhere nothing happens.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, _ENOUGH)


def collect_rarely() -> None:
    """Look for cycles after some thousand new objects; rows hold none, and Python's own 700 cost a sixth of a sync."""
    gc.set_threshold(*_LOOK_AFTER)
