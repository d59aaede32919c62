"""The errors that a test gives as answers, as the process meets them in production."""

from collections.abc import Mapping
from typing import Any, Final

from activities.problems import refused
from cauce.errors import AmbiguousError, BusinessError, ConsentError, PermanentError, RemoteError, TransientError
from workflows.fault import fault

JSON = Any
_CLASSES: Final[Mapping[str, type[RemoteError]]] = {
    "transient": TransientError,
    "permanent": PermanentError,
    "business": BusinessError,
    "ambiguous": AmbiguousError,
    "consent": ConsentError,
}


def problem_of(written: JSON, call: str = "The call") -> dict[str, JSON]:
    """Return the problem details of an error as a test file writes it."""
    given: Mapping[str, JSON] = {"class": written} if isinstance(written, str) else written
    problem = _of_class(str(given.get("class") or "communication"), given, call)
    more = {key: given[key] for key in ("type", "status", "title", "detail") if key in given}
    return {**problem, **more}


def _of_class(kind: str, given: Mapping[str, JSON], call: str) -> dict[str, JSON]:
    detail = str(given.get("detail") or f"{call} was answered with an error by the test.")
    code = str(given.get("code") or "")
    if kind in _CLASSES:
        outcome = refused(_CLASSES[kind](detail, remote_code=code))
        assert isinstance(outcome.error, dict)  # noqa: S101 (what `refused` is for)
        return outcome.error
    return fault(kind, detail, **({"remoteCode": code} if code else {})).problem


def is_ambiguous(written: JSON) -> bool:
    """Tell whether nobody knows what became of the call."""
    return written == "ambiguous" or (isinstance(written, dict) and written.get("class") == "ambiguous")
