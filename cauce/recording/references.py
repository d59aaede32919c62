"""The secrets that the settings of a connection refer to: whatever they turn up in must not be kept."""

from collections.abc import Iterator
from typing import Any, Protocol

JSON = Any


class Secrets(Protocol):
    """Gives the values of secrets."""

    def secret(self, name: str) -> str:
        """Return the secret of this name."""


def secrets_of(settings: JSON, resolver: Secrets) -> Iterator[str]:
    """Yield the values of the secrets that settings refer to."""
    match settings:
        case {"secret": str(name), **rest} if not rest:
            yield resolver.secret(name)
        case dict():
            for each in settings.values():
                yield from secrets_of(each, resolver)
        case list():
            for each in settings:
                yield from secrets_of(each, resolver)
        case _:
            return
