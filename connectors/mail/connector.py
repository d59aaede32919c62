"""The connector itself: which operation does what, and the connection test."""

import logging
import ssl
from collections.abc import Awaitable, Callable
from functools import cached_property
from time import perf_counter
from typing import Any, Final, TypeVar

from yarl import URL

from cauce.authentication import Authenticator
from cauce.connector import JSON, BaseConnector, Effect, Operation, Probe
from cauce.errors import LoginError, PermanentError, RemoteError
from cauce.http import Policy
from cauce.probes import reach
from connectors.mail import outgoing, params
from connectors.mail.addresses import plain
from connectors.mail.imap import Mailboxes
from connectors.mail.mailbox import Mailbox
from connectors.mail.settings import Imap, Settings, Smtp
from connectors.mail.smtp import Delivery
from connectors.mail.threads import Threads

T = TypeVar("T")
_effects: Final[dict[str, Effect]] = {
    "send": "write",
    "find": "read",
    "list": "read",
    "fetch": "read",
    "mark": "write",
    "marked": "read",
}
_in_mailboxes: Final[dict[str, tuple[type[params.Params], Callable[[Mailbox, Any], JSON]]]] = {
    "find": (params.Find, Mailbox.find),
    "list": (params.List, Mailbox.list),
    "fetch": (params.Fetch, Mailbox.fetch),
    "mark": (params.Mark, Mailbox.mark),
    "marked": (params.Mark, Mailbox.marked),
}
_patience_s: Final = 10.0
log = logging.getLogger(__name__)


class Connector(BaseConnector[Settings]):
    """Sends and reads mail; an operation's `calls` is send, find, list, fetch, mark or marked."""

    async def call(self, operation: Operation, params: JSON) -> JSON:
        """Send, or do what is done in a mailbox."""
        effect = _effects.get(operation.calls)
        if effect is None:
            known = ", ".join(_effects)
            raise PermanentError(f"A mailbox has no operation {operation.calls!r}.", hint=f"It has {known}.")
        if effect == "write" and operation.effect == "read":
            # Declared as a read it would be repeated freely.
            hint = f"Write effect: write at {operation.name} of connection {self.name}."
            raise PermanentError(f"{operation.calls} writes, and is declared as a read.", hint=hint)
        carry_out = self._send if operation.calls == "send" else self._ask
        return await carry_out(operation, params)

    async def check(self) -> list[Probe]:
        """Reach each server, log in, and look at the folder; stop at the first stage that fails."""
        probes: list[Probe] = []
        smtp, imap = self.settings.smtp, self.settings.imap
        for server, stage, last in ((smtp, "login", self._try_smtp), (imap, "read", self._try_imap)):
            if server is not None and (not probes or probes[-1].ok):
                probes += await self._stages(server, stage, last)
        return probes

    async def close(self) -> None:
        """Let the threads of the mailbox end."""
        if "_mailboxes" in self.__dict__:
            self._mailboxes.close()

    async def _send(self, operation: Operation, given: JSON) -> JSON:
        where = f"{operation.name}@{self.name}"
        server = self._smtp
        wanted = params.read(params.Send, given, where)
        letter = outgoing.write(self.settings, self._threads, wanted, where)
        await self._logged_in(server, lambda token: self._delivery(operation.timeout_s, token).send(letter))
        # No header of ours: what the recipient gets is nobody's number but the message's.
        log.info("sent a message as %s", letter.message_id)
        return {"messageId": letter.message_id, "thread": wanted.thread}

    async def _ask(self, operation: Operation, given: JSON) -> JSON:
        """Carry out what is done in a mailbox; everything but sending is."""
        shape, work = _in_mailboxes[operation.calls]
        wanted = params.read(shape, given, f"{operation.name}@{self.name}")
        return await self._in_mailbox(operation.timeout_s, lambda box: work(box, wanted))

    async def _in_mailbox(self, timeout_s: float, work: Callable[[Mailbox], T]) -> T:
        mailboxes = self._mailboxes

        def do(client: Any) -> T:  # noqa: ANN401 (the library has no annotations)
            return work(Mailbox(client, mailboxes.server, self._threads, self.settings.max_bytes))

        return await self._logged_in(
            mailboxes.server, lambda token: mailboxes.use(do, timeout_s, 2 * self.settings.max_bytes, token)
        )

    async def _logged_in(self, server: Smtp | Imap, work: Callable[[str | None], Awaitable[T]]) -> T:
        """Do the work with a token of the server's provider, if it has one; a kept one that is refused is renewed."""
        if (policy := server.policy) is None:
            return await work(None)
        given = await self._authenticator.authorize(policy)
        try:
            return await work(given.parameter)
        except LoginError:
            if not given.kept:
                raise
        self._authenticator.forget(policy, given)
        return await work((await self._authenticator.authorize(policy)).parameter)

    async def _stages(self, server: Smtp | Imap, stage: str, last: Callable[[], Awaitable[str]]) -> list[Probe]:
        try:
            tls = self._tls if server.security == "tls" else None
        except PermanentError as error:
            return [Probe("tls", ok=False, sentence=str(error))]
        probes = await reach(server.host, server.at, tls=tls)
        if not probes[-1].ok:
            return probes
        started = perf_counter()
        good = True
        try:
            sentence = await last()
        except RemoteError as error:
            stage = "login" if isinstance(error, LoginError) else "tls" if error.remote_code == "tls" else stage
            good, sentence = False, str(error)
        return [*probes, Probe(stage, ok=good, sentence=sentence, milliseconds=(perf_counter() - started) * 1000)]

    async def _try_smtp(self) -> str:
        server = self._smtp
        await self._logged_in(server, lambda token: self._delivery(_patience_s, token).try_login())
        return f"The SMTP server {server.host} {'takes the login' if server.username else 'is ready'}."

    async def _try_imap(self) -> str:
        count = await self._in_mailbox(_patience_s, Mailbox.look)
        server = self._mailboxes.server
        return f"The IMAP server {server.host} takes the login; {server.folder} has {count} messages."

    def _delivery(self, timeout_s: float, token: str | None) -> Delivery:
        tls = self._tls if self._smtp.security != "none" else None
        return Delivery(self.name, self._smtp, tls, timeout_s, token)

    @property
    def _smtp(self) -> Smtp:
        if self.settings.smtp is None:
            raise PermanentError("This connection has no server to send by.", hint="Add smtp to its settings.")
        return self.settings.smtp

    @cached_property
    def _authenticator(self) -> Authenticator:
        providers = [each.oauth2.authority for each in (self.settings.smtp, self.settings.imap) if each and each.oauth2]
        hosts = {URL(authority).host or "" for authority in providers}
        return Authenticator(Policy(hosts=frozenset({*hosts, *self.settings.allow_hosts})))

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self.settings.context(self.name)

    @cached_property
    def _threads(self) -> Threads:
        secret = self.settings.thread_secret
        mailbox = self.settings.reply_to or self.settings.sender
        return Threads(plain(mailbox) if mailbox else "", secret.get_secret_value() if secret else "")

    @cached_property
    def _mailboxes(self) -> Mailboxes:
        if self.settings.imap is None:
            raise PermanentError("This connection has no mailbox to read.", hint="Add imap to its settings.")
        server = self.settings.imap
        return Mailboxes(self.name, server, self._tls if server.security != "none" else None)
