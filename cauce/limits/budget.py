"""The retry budget as pure functions: repetitions may be a part of the calls of the last while, and no more."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Window:
    """How many calls were made since it began, how many of them again, and the same for the window before."""

    begun: float = 0.0
    calls: int = 0
    retries: int = 0
    calls_before: int = 0
    retries_before: int = 0


def count(window: Window, now: float, length_s: float, calls: int, retries: int) -> Window:
    """Add calls; a window that is over becomes the one before."""
    window = _turned(window, now, length_s)
    return replace(window, calls=window.calls + calls, retries=window.retries + retries)


def allows(window: Window, now: float, length_s: float, percent: float, least: int) -> bool:
    """Tell whether one more call may be a repetition; `least` may be in any window, however few calls there are."""
    window = _turned(window, now, length_s)
    left = max(0.0, 1 - (now - window.begun) / length_s)
    calls = window.calls + left * window.calls_before
    retries = window.retries + left * window.retries_before
    return retries + 1 <= least + calls * percent / 100


def _turned(window: Window, now: float, length_s: float) -> Window:
    if now < window.begun + length_s:
        return window
    if now < window.begun + 2 * length_s:
        return Window(window.begun + length_s, 0, 0, window.calls, window.retries)
    return Window(now)
