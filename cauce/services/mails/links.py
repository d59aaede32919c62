"""The links in mails: signed, for some days, and of use only to whom the mail was for, who has to log in."""

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from cauce.errors import NotFoundError
from cauce.settings import Settings

path = "/notifications/open/"


def link(settings: Settings, notification: str) -> str:
    """Return the address that leads to what somebody was told; it has the number of that, and nothing else."""
    return f"{settings.public_url.rstrip('/')}{path}{_signer(settings).dumps(notification)}"


def notification_of(settings: Settings, token: str) -> str:
    """Return the notification that a link is about.

    Raises:
        NotFoundError: The link is not one of ours, or too old.
    """
    try:
        found = _signer(settings).loads(token, max_age=settings.mail_link_days * 86_400)
    except SignatureExpired as cause:
        raise NotFoundError("This link has expired.", hint="What it told you is among your notifications.") from cause
    except BadSignature as cause:
        raise NotFoundError("This link is not whole.", hint="Open it from the mail, or copy all of it.") from cause
    return str(found)


def _signer(settings: Settings) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.session_key(), salt="cauce.link-in-mail")
