"""Puts secrets where their tokens stand, at the last moment: here, and never in a workflow."""

import re

from cauce.authentication import Authorization, resolved
from cauce.authentication.policies import secret_of
from cauce.contract import JSON
from cauce.registry import Resolver


class Filling:
    """Fills in the secrets of one call: only those that the task's own text names, known by the instance's nonce.

    `authorization` takes the place of `$authorization.parameter`, once the call is authorized.
    """

    def __init__(self, resolver: Resolver, names: list[str], nonce: str) -> None:
        self.resolver = resolver
        self.authorization: Authorization | None = None
        either = "|".join([*(f"secret:({re.escape(name)})" for name in names), "authorization:parameter"])
        self._token = re.compile(f"\u2068(?:{either}):{re.escape(nonce)}\u2069")

    def filled(self, value: JSON) -> JSON:
        """Return a copy of the value with its secrets in place."""
        match value:
            case str():
                return self._token.sub(self._value, value)
            case dict():
                return {key: self.filled(item) for key, item in value.items()}
            case list():
                return [self.filled(item) for item in value]
            case _:
                return value

    def _value(self, found: re.Match[str]) -> str:
        if found.lastindex is not None:
            return self.secret(found.group(found.lastindex))
        return self.authorization.parameter if self.authorization else ""

    def secret(self, name: str) -> str:
        """Return a secret by its name."""
        return secret_of(name, self.resolver.secret)

    def policy(self, authentication: JSON) -> JSON:
        """Return how to log in, with all secrets in place; None without an authentication."""
        return resolved(self.filled(authentication), self.resolver.secret)
