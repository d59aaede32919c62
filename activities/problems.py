"""How an error of a call looks to a process: problem details with one of the standard's types, or one of ours."""

from collections.abc import Mapping
from typing import Final

from cauce.contract import JSON, Outcome
from cauce.errors import (
    AmbiguousError,
    BusinessError,
    CauceError,
    ConsentError,
    ExpressionError,
    ForbiddenError,
    InputError,
    LoginError,
    RemoteError,
    TooLargeError,
    TransientError,
    type_uri,
)
from cauce.logging import redact

_STANDARD: Final = "https://serverlessworkflow.io/spec/1.0.0/errors/"
# The first class that fits counts, so a class stands behind those derived from it.
_kinds: Final[Mapping[type[CauceError], tuple[str, int]]] = {
    TransientError: (_STANDARD + "communication", 503),
    AmbiguousError: (_STANDARD + "communication", 504),
    BusinessError: (type_uri + "business", 409),
    ConsentError: (type_uri + "consent", 403),
    ForbiddenError: (_STANDARD + "authorization", 403),
    LoginError: (_STANDARD + "authentication", 401),
    RemoteError: (_STANDARD + "communication", 502),
    InputError: (_STANDARD + "validation", 400),
    ExpressionError: (_STANDARD + "expression", 400),
    TooLargeError: (_STANDARD + "runtime", 413),
}


def refused(error: CauceError, status: int | None = None) -> Outcome:
    """Return the outcome of a call that ended in `error`; `status` replaces the usual one."""
    kind, usual = _kind(error)
    problem: dict[str, JSON] = {
        **error.problem_details(),
        "type": kind,
        "status": status or usual,
    }
    if isinstance(error, RemoteError):
        if error.remote_code:
            problem["remoteCode"] = error.remote_code
        if error.detail is not None:
            problem["remoteDetail"] = error.detail
    return Outcome(error=_without_secrets(problem))


def standard(kind: str, status: int, detail: str, *, title: str, **more: JSON) -> Outcome:
    """Return the outcome of a call that ended in one of the standard's errors, which none of our classes stands for."""
    return Outcome(error={"type": _STANDARD + kind, "status": status, "title": title, "detail": detail, **more})


def _without_secrets(value: JSON) -> JSON:
    """Take the secrets out of what a system said: some repeat what they were sent, and errors are recorded."""
    match value:
        case str():
            return redact(value)
        case dict():
            return {key: _without_secrets(item) for key, item in value.items()}
        case list():
            return [_without_secrets(item) for item in value]
        case _:
            return value


def _kind(error: CauceError) -> tuple[str, int]:
    return next(
        (found for kind, found in _kinds.items() if isinstance(error, kind)), (_STANDARD + "configuration", 400)
    )
