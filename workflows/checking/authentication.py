"""Checks ways to log in: named ones, their secrets, and what each of them needs."""

from collections.abc import Mapping
from typing import Any

from schemas import guess
from workflows.checking import unsupported
from workflows.checking.walk import Process

JSON = Any
_SCHEMES = ("basic", "bearer", "digest", "oauth2", "oidc")


def check_authentication(process: Process, pointer: str, policy: JSON) -> None:
    """Check the authentication of an endpoint, or one under `use.authentications`."""
    if not isinstance(policy, Mapping):
        return
    if isinstance(policy.get("use"), str):
        process.check_reference(f"{pointer}/use", policy["use"], "authentications")
    unsupported.check_authentication(process.report, pointer, policy)
    for scheme in _SCHEMES:
        given = policy.get(scheme)
        if isinstance(given, Mapping) and isinstance(given.get("use"), str):
            _check_secret(process, f"{pointer}/{scheme}/use", given["use"])


def _check_secret(process: Process, pointer: str, name: str) -> None:
    if name not in process.secrets:
        problem = f"The secret `{name}` is not declared{guess(name, process.secrets)}"
        process.report.value("unknown-secret", pointer, problem, "List it under `use.secrets`.")
