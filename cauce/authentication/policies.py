"""The ways to log in as a definition gives them, with the secrets that they name put in."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from cauce.connector import JSON
from cauce.errors import ForbiddenError, SettingsError
from cauce.logging import blot_out

_EXAMPLES: Final[Mapping[str, str]] = {
    "basic": '{"username": …, "password": …}',
    "digest": '{"username": …, "password": …}',
    "bearer": '{"token": …}',
    "oauth2": '{"authority": …, "grant": …, "client": {"id": …, "secret": …}}',
    "oidc": '{"authority": …, "grant": …, "client": {"id": …, "secret": …}}',
}
_CONFIDENTIAL: Final = frozenset({"password", "token", "secret", "assertion"})


def resolved(policy: JSON, secret: Callable[[str], str]) -> JSON:
    """Return a policy with the properties that a secret holds in the place of its name.

    Raises:
        ForbiddenError: The secret is not there.
        SettingsError: The secret is no JSON object.
    """
    if not isinstance(policy, Mapping):
        return policy
    found = {scheme: _properties(scheme, given, secret) for scheme, given in policy.items()}
    for value in _confidential(found):
        blot_out(value)
    return found


def secret_of(name: str, secret: Callable[[str], str]) -> str:
    """Return a secret; the standard's word for one that is not there is that it may not be used.

    Raises:
        ForbiddenError: The secret is not there.
    """
    try:
        return secret(name)
    except SettingsError as missing:
        raise ForbiddenError(missing.problem, hint=missing.hint) from missing


def _properties(scheme: str, given: JSON, secret: Callable[[str], str]) -> JSON:
    if not (isinstance(given, Mapping) and set(given) == {"use"}):
        return given
    name = str(given["use"])
    try:
        found = json.loads(secret_of(name, secret))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        example = _EXAMPLES.get(scheme, "{…}")
        raise SettingsError(
            f"The secret '{name}' is not a JSON object.", hint=f"For `{scheme}` it looks like {example}."
        ) from None
    return found


def _confidential(value: JSON, name: str = "") -> Iterator[str]:
    match value:
        case str() if name in _CONFIDENTIAL:
            yield value
        case Mapping():
            for key, inner in value.items():
                yield from _confidential(inner, key)
        case _:
            pass
