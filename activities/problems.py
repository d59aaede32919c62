"""How an error of a call looks to a process: problem details with one of the standard's types, or one of ours."""

from typing import Final

from cauce.contract import JSON, Outcome
from cauce.errors import (
    AmbiguousError,
    BusinessError,
    CauceError,
    ConsentError,
    ExpressionError,
    InputError,
    RemoteError,
    TransientError,
    type_uri,
)

_STANDARD: Final = "https://serverlessworkflow.io/spec/1.0.0/errors/"


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
    return Outcome(error=problem)


def _kind(error: CauceError) -> tuple[str, int]:
    match error:
        case TransientError():
            return _STANDARD + "communication", 503
        case AmbiguousError():
            return _STANDARD + "communication", 504
        case BusinessError():
            return type_uri + "business", 409
        case ConsentError():
            return type_uri + "consent", 403
        case RemoteError():
            return _STANDARD + "communication", 502
        case InputError():
            return _STANDARD + "validation", 400
        case ExpressionError():
            return _STANDARD + "expression", 400
        case _:
            return _STANDARD + "configuration", 400
