"""Logins of calls: the scheme that they come to, and the addresses of their providers."""

from collections.abc import Mapping
from typing import Final

from cauce.contract import JSON
from workflows.uri_templates import expanded

_SCHEMES: Final = {"basic": "Basic", "bearer": "Bearer", "digest": "Digest", "oauth2": "Bearer", "oidc": "Bearer"}


def scheme_of(policy: JSON) -> str:
    """Return the scheme of the header `Authorization` that a login leads to; empty without one."""
    return next((shown for name, shown in _SCHEMES.items() if name in policy), "") if policy else ""


def with_addresses(given: JSON) -> JSON:
    """Return the properties of a login with expressions for the variables in its addresses."""
    if not isinstance(given, Mapping) or "authority" not in given:
        return given
    found = {**given, "authority": expanded(given["authority"])}
    if isinstance(given.get("endpoints"), Mapping):
        found["endpoints"] = {name: expanded(path) for name, path in given["endpoints"].items()}
    if isinstance(given.get("issuers"), list):
        found["issuers"] = [expanded(issuer) for issuer in given["issuers"]]
    return found
