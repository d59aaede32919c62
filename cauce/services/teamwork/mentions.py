"""Who is named with an @ in a text: found, and told apart from the rest when it is shown."""

import re
from collections.abc import Collection, Iterator
from typing import Final

# An address in a text is nobody's name; one that begins with an @ is, where accounts are named by their address.
_MENTION: Final = re.compile(r"(?<![\w@.+-])@(\w(?:[\w.+@-]*\w)?)")


def named(text: str) -> list[str]:
    """Return the names after an @, as they were written, each once."""
    return list(dict.fromkeys(_MENTION.findall(text)))


def parts(text: str, people: Collection[str]) -> Iterator[tuple[str, bool]]:
    """Return a text in pieces, and of each whether it names one of these people."""
    known = {each.casefold() for each in people}
    at = 0
    for found in _MENTION.finditer(text):
        if found[1].casefold() in known:
            if found.start() > at:
                yield text[at : found.start()], False
            yield found[0], True
            at = found.end()
    if at < len(text):
        yield text[at:], False
