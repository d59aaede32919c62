"""Hands one message to a mail server, and knows at each moment whether it may have been taken."""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiosmtplib

from cauce.errors import (
    AmbiguousError,
    BusinessError,
    LoginError,
    PermanentError,
    RemoteError,
    TransientError,
)
from connectors.mail.outgoing import Letter
from connectors.mail.settings import Smtp

_goodbye_s = 1.0
_mailbox_login = {530, 534, 535, 538}
_lost = (aiosmtplib.SMTPException, OSError)


async def _hang_up(client: aiosmtplib.SMTP) -> None:
    """Close the connection now: a farewell under TLS would wait for the server's own."""
    transport = client.transport
    client.close()
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
    await asyncio.sleep(0)  # only then does the loop close the socket


@dataclass(slots=True)
class Delivery:
    """One conversation with a server; `stage` is what was asked last, `sent` that the text of the message is out."""

    name: str
    server: Smtp
    tls: ssl.SSLContext | None
    timeout_s: float
    token: str | None = field(default=None, repr=False)
    stage: str = "connection"
    sent: bool = False
    refused: list[tuple[str, int, str]] = field(default_factory=list)

    async def send(self, letter: Letter) -> None:
        """Hand the message over: to all of its recipients, or to none."""
        client = self._client()
        try:
            async with asyncio.timeout(self.timeout_s):
                await self._log_in(client)
                await self._hand_over(client, letter)
            with suppress(*_lost):
                await client.execute_command(b"QUIT", timeout=_goodbye_s)
        except _lost as cause:
            raise self._failure(cause) from cause
        finally:
            await _hang_up(client)

    async def try_login(self) -> None:
        """Log in, and send nothing."""
        client = self._client()
        try:
            async with asyncio.timeout(self.timeout_s):
                await self._log_in(client)
                await client.noop()
            with suppress(*_lost):
                await client.execute_command(b"QUIT", timeout=_goodbye_s)
        except _lost as cause:
            raise self._failure(cause) from cause
        finally:
            await _hang_up(client)

    def _client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self.server.host,
            port=self.server.at,
            local_hostname=self.server.hello,
            timeout=self.timeout_s,
            use_tls=self.server.security == "tls",
            start_tls=False,
            tls_context=self.tls,
        )

    async def _log_in(self, client: aiosmtplib.SMTP) -> None:
        await client.connect()
        self.stage = "greeting"
        await client.ehlo()
        if self.server.security == "starttls":
            self.stage = "tls"
            if not client.supports_extension("starttls"):
                raise PermanentError(
                    f"The mail server of {self.name} offers no STARTTLS.",
                    hint="Set smtp.security: tls with its port (usually 465), or none when it has no TLS at all.",
                    remote_code="starttls",
                )
            await client.starttls()
        if self.server.username is not None:
            self.stage = "login"
            await client.ehlo()
            if self.token is None:
                await client.login(self.server.username, self.server.secret)
            else:
                await client.auth_xoauth2(self.server.username, self.token)

    async def _hand_over(self, client: aiosmtplib.SMTP, letter: Letter) -> None:
        self.stage = "sender"
        size = [f"size={len(letter.content)}"] if client.supports_extension("size") else []
        await client.mail(letter.sender, options=size)
        self.stage = "recipient"
        for each in letter.recipients:
            try:
                await client.rcpt(each)
            except aiosmtplib.SMTPRecipientRefused as refusal:
                self.refused.append((each, refusal.code, refusal.message))
        if self.refused:
            raise self._refused_recipients()
        self.stage = "content"
        self.sent = True
        await client.data(letter.content)

    def _refused_recipients(self) -> RemoteError:
        """Return the error of the worst refusal; the others are in its detail."""
        worst = max(self.refused, key=lambda one: one[1])
        detail = {"recipients": [{"address": who, "code": code, "text": text} for who, code, text in self.refused]}
        problem = f"The mail server of {self.name} refuses {len(self.refused)} of the recipients ({worst[1]})"
        if worst[1] in _mailbox_login:
            return LoginError(f"{problem}: it wants a login.", hint="Set smtp.username.", remote_code=str(worst[1]))
        if worst[1] < 500:  # noqa: PLR2004 (the first digit is the class: RFC 5321, 4.2.1)
            hint = "Nothing was sent, to nobody."
            return TransientError(f"{problem} for now.", hint=hint, remote_code=str(worst[1]), detail=detail)
        hint = "Correct the addresses in the detail of this error; nothing was sent, to nobody."
        return BusinessError(f"{problem}.", hint=hint, remote_code=str(worst[1]), detail=detail)

    def _failure(self, cause: Exception) -> RemoteError:
        if isinstance(cause, aiosmtplib.SMTPResponseException) and 400 <= cause.code < 600:  # noqa: PLR2004 (RFC 5321)
            return self._refusal(cause.code, cause.message)
        server = f"The mail server of {self.name}"
        if self.sent:
            return AmbiguousError(
                f"{server} was given the message and did not say whether it took it.", remote_code="no-answer"
            )
        if self.stage == "login" and type(cause) is aiosmtplib.SMTPException:
            hint = "Check smtp.security: many servers take logins over TLS only."
            return LoginError(f"{server} offers no login that Cauce knows.", hint=hint, remote_code="login")
        if _of(cause, ssl.SSLError):
            return TransientError(
                f"No secure connection to {self.server.host} could be made; nothing was sent.",
                hint="Check its certificate, settings.ca_file, smtp.security and smtp.port.",
                remote_code="tls",
            )
        why = (
            f"gave no answer within {self.timeout_s:g} s"
            if isinstance(cause, TimeoutError)
            else "could not be reached"
            if self.stage == "connection"
            else "ended the conversation"
        )
        return TransientError(f"{server} {why}; nothing was sent.", hint="Is it running?", remote_code="connection")

    def _refusal(self, code: int, text: str) -> RemoteError:
        server = f"The mail server of {self.name}"
        told: dict[str, Any] = {
            "remote_code": str(code),
            "detail": {"code": code, "text": text, "stage": self.stage},
        }
        if code < 500:  # noqa: PLR2004 (the first digit is the class: RFC 5321, 4.2.1)
            problem = f"{server} does not take the {self.stage} now ({code}); nothing was sent."
            return TransientError(problem, hint="It is worth trying again later.", **told)
        if self.stage == "login" or code in _mailbox_login:
            return LoginError(
                f"{server} refuses the login ({code}).",
                hint="Check smtp.username, and smtp.password or smtp.oauth2.",
                **told,
            )
        problem = f"{server} refuses the {self.stage} ({code}); nothing was sent."
        if self.stage == "content":
            return BusinessError(problem, hint="Its reason is in the detail of this error.", **told)
        return PermanentError(problem, hint="Its reason is in the detail of this error; check the settings.", **told)


def _of(error: BaseException | None, kind: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False
