"""What a connection of this kind needs: a server to send by, a mailbox to read, or both."""

import ssl
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from cauce.authentication import OAuth2
from cauce.authentication.oauth2_policy import revealed
from cauce.connector import JSON, BaseSettings
from cauce.errors import PermanentError
from connectors.mail.addresses import Line, Mailbox, one_line

Security = Literal["tls", "starttls", "none"]
_security = "tls: from the first byte; starttls: TLS before anything is said; none: in the clear, also the password."


def _one_line(secret: SecretStr) -> SecretStr:
    one_line(secret.get_secret_value())
    return secret


Password = Annotated[SecretStr, AfterValidator(_one_line)]


class _Server(BaseSettings):
    host: Annotated[Line, Field(min_length=1, description="The server's name.")]
    port: int | None = Field(None, ge=1, le=65535, description="Left out, it is the usual one for `security`.")
    security: Security = Field("tls", description=_security)
    username: Line | None = Field(None, description="Left out, there is no login.")
    password: Password | None = Field(None, description="The password of the login.")
    oauth2: OAuth2 | None = Field(
        None,
        description="A token of an OAuth 2 provider instead of a password (XOAUTH2), as Google and Microsoft want.",
    )

    @model_validator(mode="after")
    def _both(self) -> Self:
        proofs = [each for each in (self.password, self.oauth2) if each is not None]
        if len(proofs) != (self.username is not None):
            message = "a login has a username, and a password or oauth2"
            raise ValueError(message)
        return self

    @property
    def policy(self) -> JSON:
        """How to get a token, as a process would write it; None with a password."""
        return None if self.oauth2 is None else {"oauth2": revealed(self.oauth2.model_dump(exclude_none=True))}

    @property
    def secret(self) -> str:
        """The password."""
        return self.password.get_secret_value() if self.password else ""


class Smtp(_Server):
    """The server that takes what is sent."""

    security: Security = Field("starttls", description=_security)
    hello: Line = Field("[127.0.0.1]", min_length=1, description="What this machine calls itself (EHLO).")
    copy_to: Mailbox | None = Field(None, description="Gets a hidden copy of everything, for `find` to look at.")

    @property
    def at(self) -> int:
        """The port."""
        return self.port or {"tls": 465, "starttls": 587, "none": 25}[self.security]


class Imap(_Server):
    """The server that keeps the mailbox."""

    username: Line = Field(description="Who logs in.")
    folder: Line = Field("INBOX", min_length=1, description="Where list, fetch and mark work when they do not say.")
    sent: Line = Field("Sent", min_length=1, description="Where `find` looks for what was sent.")

    @property
    def at(self) -> int:
        """The port."""
        return self.port or (993 if self.security == "tls" else 143)


class Settings(BaseSettings):
    """Who sends, by which server, and which mailbox is read."""

    sender: Mailbox | None = Field(None, description="Whom mail is from, as Cauce <hub@example.com>; needed with smtp.")
    reply_to: Mailbox | None = Field(None, description="Where answers go; left out, to the sender.")
    smtp: Smtp | None = Field(None, description="The server that takes what is sent.")
    imap: Imap | None = Field(None, description="The server that keeps the mailbox.")
    reply_tags: bool = Field(
        default=False, description="Answers go to hub+TOKEN@example.com; the server must take such addresses."
    )
    thread_secret: Password | None = Field(
        None, description="Signs the tokens of threads, so that nobody can write into another's by guessing its token."
    )
    timeout: timedelta = Field(timedelta(seconds=30), gt=timedelta(0), description="Limit of one call, as PT30S.")
    max_bytes: int = Field(10_000_000, ge=1000, description="The largest message that is sent or read.")
    max_recipients: int = Field(50, ge=1, le=1000, description="How many addresses one message may go to.")
    allow_hosts: list[str] = Field(
        default_factory=list, description="Other hosts where the provider of tokens has its endpoints."
    )
    ca_file: str | None = Field(None, description="Certificates to trust instead of the system's.")

    @model_validator(mode="after")
    def _useful(self) -> Self:
        if self.smtp is None and self.imap is None:
            message = "a mail connection has smtp, imap or both"
            raise ValueError(message)
        if self.smtp is not None and self.sender is None:
            message = "a connection with smtp says who the sender is"
            raise ValueError(message)
        return self

    def context(self, name: str) -> ssl.SSLContext:
        """Return what certificates are checked with."""
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as cause:
            raise PermanentError(
                "The file of trusted certificates cannot be read.",
                hint="Check settings.ca_file: a PEM file that Cauce may read.",
                where=f"connection {name}",
                remote_code="tls",
            ) from cause
