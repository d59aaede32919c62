"""An exchange as it is kept, and the errors in it, so that they can be raised again."""

import re
from collections.abc import Mapping
from typing import Any, Final

from cauce.connection import error_classes
from cauce.errors import CauceError, PermanentError, RemoteError

JSON = Any
_server: Final = re.compile(r"https?://[^\s/]+")


def described(error: CauceError) -> dict[str, JSON]:
    """Return an error as data."""
    said = {"class": error.code, "problem": _without_address(error.problem), "hint": _without_address(error.hint)}
    if isinstance(error, RemoteError):
        said |= {"code": error.remote_code, "detail": error.detail}
    return {name: value for name, value in said.items() if value}


def _without_address(text: str) -> str:
    """Return a sentence without the addresses of servers, which are nobody's business elsewhere."""
    return _server.sub("The server", text)


def raised(given: Mapping[str, JSON]) -> RemoteError:
    """Return the error that was recorded."""
    kind = error_classes.get(str(given.get("class")), PermanentError)
    return kind(
        str(given.get("problem") or "It failed."),
        hint=str(given.get("hint") or ""),
        remote_code=str(given.get("code") or ""),
        detail=given.get("detail"),
    )
