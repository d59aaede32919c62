"""Sends mail by SMTP, and reads mailboxes by IMAP."""

from connectors.mail.connector import Connector
from connectors.mail.settings import Settings

__all__ = ["Connector", "Settings"]
