"""The links in mails: for some days, and of use only to whom the mail was for, who has to log in."""

from datetime import timedelta
from typing import Final

from cauce import signed_links
from cauce.settings import Settings

path: Final = "/notifications/open/"


def link(settings: Settings, notification: str) -> str:
    """Return the address that leads to what somebody was told; it has the number of that, and nothing else."""
    return signed_links.make(settings, path, notification)


def notification_of(settings: Settings, token: str) -> str:
    """Return the notification that a link is about; raises `NotFoundError` for one that is not ours, or too old."""
    return signed_links.read(settings, path, token, timedelta(days=settings.mail_link_days))
