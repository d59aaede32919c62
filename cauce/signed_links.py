"""Addresses of the hub that we sign, so that nobody makes or changes one; what they say can be read by anybody."""

from datetime import timedelta
from typing import Literal

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from cauce.errors import NotFoundError
from cauce.settings import Settings

Path = Literal["/notifications/open/", "/f/"]


def make(settings: Settings, path: Path, text: str) -> str:
    """Return an address below a path that carries a text."""
    return f"{settings.public_url.rstrip('/')}{path}{_signer(settings, path).dumps(text)}"


def read(settings: Settings, path: Path, token: str, longest: timedelta | None = None) -> str:
    """Return the text that the last part of an address carries.

    Raises:
        NotFoundError: It is not one of ours, or older than it may be.
    """
    age = None if longest is None else int(longest.total_seconds())
    try:
        return str(_signer(settings, path).loads(token, max_age=age))
    except SignatureExpired as cause:
        raise expired() from cause
    except BadSignature as cause:
        raise NotFoundError("This link is not whole.", hint="Open it from the mail, or copy all of it.") from cause


def expired() -> NotFoundError:
    """Return what is said of a link that was good once."""
    return NotFoundError("This link has expired.", hint="Ask whoever sent it to you for another one.")


def _signer(settings: Settings, path: Path) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.session_key(), salt=f"cauce.link {path}")
