"""Names: what one may look like, and which known name a misspelt one was meant to be."""

import difflib
import re
from collections.abc import Iterable

NAME = re.compile(r"[a-z0-9](-?[a-z0-9])*\Z")
_MOST_LISTED = 12


def is_name(text: str) -> bool:
    """Tell whether `text` may name a connection, a form, a decision table or a list of stages."""
    return NAME.match(text) is not None


def did_you_mean(name: str, options: Iterable[str]) -> str | None:
    """Return the option that `name` most likely stands for, or None when none is close."""
    choices = sorted({option for option in options if option != name})
    folded = {option.casefold(): option for option in reversed(choices)}
    same = folded.get(name.casefold())
    if same is not None:
        return same
    swapped = next((option for option in choices if sorted(option) == sorted(name) and len(name) > 2), None)  # noqa: PLR2004 - `do` and `od` say nothing
    close = difflib.get_close_matches(name, choices, n=1, cutoff=0.6)
    return swapped or (close[0] if close else None)


def guess(name: str, options: Iterable[str]) -> str:
    """Return `; did you mean …?` or a full stop: the end of a sentence about an unknown name."""
    meant = did_you_mean(name, options)
    return f"; did you mean `{meant}`?" if meant else "."


def listing(options: Iterable[str], *, word: str = "Known") -> str:
    """Return `Known: a, b, c.`, shortened when there are many, and nothing when there are none."""
    names = sorted(set(options))
    if not names:
        return ""
    more = f" … ({len(names)} in all)" if len(names) > _MOST_LISTED else ""
    return f"{word}: {', '.join(names[:_MOST_LISTED])}{more}."
