"""Keeps an exchange of mails together: a token that goes out in each message, and is found again in its answers.

It goes into the Message-ID, which answers quote in References, into the subject, and (`reply_tags`) into the address
for answers, because every mail program keeps at least one of them.
"""

import hashlib
import hmac
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

thread_pattern: Final = r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?$"
_mark = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,58}[A-Za-z0-9])?"
_own = re.compile(rf"<cauce\.(?P<mark>{_mark})\.[0-9a-f]{{32}}@(?P<domain>[^<>@\s]+)>")
_in_subject = re.compile(rf"\[#(?P<mark>{_mark})\]")
_signature: Final = 10


@dataclass(frozen=True, slots=True)
class Threads:
    """Marks messages with tokens and finds them again; `mailbox` is the address that answers come to."""

    mailbox: str
    secret: str = ""

    @property
    def domain(self) -> str:
        """The domain of our own message ids."""
        return self.mailbox.rpartition("@")[2]

    def mark(self, token: str) -> str:
        """Return the token as it is shown to the world: signed, when there is a secret."""
        return f"{token}-{self._sign(token)}" if self.secret else token

    def message_id(self, token: str | None, key: str | None) -> str:
        """Return the id of a message: with a key always the same one."""
        mark = f"{self.mark(token)}." if token else ""
        return f"<cauce.{mark}{self.unique(key)}>"

    def unique(self, key: str | None) -> str:
        """Return the part of a message's id that only this message has."""
        if key is None:
            return f"{uuid.uuid4().hex}@{self.domain}"
        digest = hashlib.sha256(f"{self.mailbox} {key}".encode()).hexdigest()
        return f"{digest[:32]}@{self.domain}"

    def subject(self, subject: str, token: str | None) -> str:
        """Return the subject with the token behind it, unless it has it."""
        shown = f"[#{self.mark(token)}]" if token else ""
        return subject if shown in subject else f"{subject} {shown}".strip()

    def answers_to(self, mailbox: str, token: str) -> str:
        """Return the address for answers, with the token in it."""
        local, _, domain = mailbox.rpartition("@")
        return f"{local}+{self.mark(token)}@{domain}"

    def find(self, ids: Iterable[str], subject: str, addresses: Iterable[str]) -> str | None:
        """Return the token of the thread that a message belongs to, or None."""
        marks = [
            found["mark"]
            for each in ids
            for found in _own.finditer(each)
            if not self.domain or found["domain"].casefold() == self.domain.casefold()
        ]
        marks += [found["mark"] for found in _in_subject.finditer(subject)]
        marks += [mark for each in addresses if (mark := self._in_address(each))]
        return next((token for mark in marks if (token := self._token(mark))), None)

    def _in_address(self, address: str) -> str | None:
        local, _, domain = self.mailbox.casefold().rpartition("@")
        head, tail = f"{local}+", f"@{domain}"
        if not local or not address.casefold().startswith(head) or not address.casefold().endswith(tail):
            return None
        found = re.fullmatch(_mark, address[len(head) : -len(tail)])
        return found[0] if found else None

    def _token(self, mark: str) -> str | None:
        if not self.secret:
            return mark if re.fullmatch(thread_pattern, mark) else None
        token, _, signature = mark.rpartition("-")
        return token if token and hmac.compare_digest(self._sign(token), signature.casefold()) else None

    def _sign(self, token: str) -> str:
        # Without case: some servers write addresses in small letters.
        return hmac.new(self.secret.encode(), token.casefold().encode(), hashlib.sha256).hexdigest()[:_signature]
