"""What is done in a mailbox: list, fetch, mark and find, each with a client that is logged in."""

import imaplib
from dataclasses import dataclass
from typing import Any, Final

from cauce.connection import did_you_mean
from cauce.connector import JSON
from cauce.errors import BusinessError, PermanentError
from connectors.mail import incoming
from connectors.mail.imap import is_for_now
from connectors.mail.params import Fetch, Find, List, Mark
from connectors.mail.settings import Imap
from connectors.mail.threads import Threads

_whole = b"BODY[]"
_size = b"RFC822.SIZE"
_most_folders: Final = 200


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One login's folders; `client` is an IMAPClient."""

    client: Any
    server: Imap
    threads: Threads
    max_bytes: int

    def list(self, asked: List) -> JSON:
        """Return messages behind a UID, oldest first, as many as fit; `next` is where to go on."""
        folder, validity = self._open(asked.folder, asked.uid_validity)
        criteria = [*(["UNSEEN"] if asked.unseen else []), "UID", f"{asked.after + 1}:*"]
        # `n:*` always has the last message, even when its number is below n.
        found = sorted(uid for uid in self.client.search(criteria) if uid > asked.after)
        wanted = found[: asked.limit]
        sizes = self.client.fetch(wanted, [_size]) if wanted else {}
        messages: list[JSON] = []
        left = self.max_bytes
        for uid in wanted:
            size = int(sizes.get(uid, {}).get(_size, 0))
            if size > left and messages and size <= self.max_bytes:
                break
            read = self._read(uid, size, with_files=False)
            if read is not None:
                messages.append(read)
            left -= size if size <= self.max_bytes else 0
            asked = asked.model_copy(update={"after": uid})
        more = bool(found) and found[-1] > asked.after
        return {"folder": folder, "uidValidity": validity, "messages": messages, "next": asked.after, "more": more}

    def fetch(self, asked: Fetch) -> JSON:
        """Return one message with its files, or null when it is gone."""
        self._open(asked.folder, asked.uid_validity)
        size = self.client.fetch([asked.uid], [_size]).get(asked.uid, {}).get(_size)
        return None if size is None else self._read(asked.uid, int(size), with_files=True)

    def mark(self, asked: Mark) -> JSON:
        """Set or take away the mark of having been seen, then move; says which messages were there."""
        folder, _ = self._open(asked.folder, asked.uid_validity, write=True)
        there = sorted(self.client.search(["UID", ",".join(map(str, sorted(asked.uids)))]))
        if asked.move is not None and not self.client.has_capability("MOVE"):
            raise PermanentError(
                "The IMAP server cannot move messages (MOVE, RFC 6851).",
                hint="Use `seen` instead of `move`.",
                remote_code="capability",
            )
        if there and asked.seen is not None:
            change = self.client.add_flags if asked.seen else self.client.remove_flags
            change(there, [rb"\Seen"])
        if there and asked.move is not None:
            self.client.move(there, asked.move)
        return {"folder": folder, "uids": there}

    def marked(self, asked: Mark) -> JSON:
        """Return what `mark` would, when nothing is left of it to do; null otherwise."""
        folder, _ = self._open(asked.folder, asked.uid_validity)
        # What was moved is not here any more; what was marked has changed sides.
        undone = [] if asked.move is not None else ["UNSEEN" if asked.seen else "SEEN"]
        left = self.client.search([*undone, "UID", ",".join(map(str, sorted(asked.uids)))])
        return None if left else {"folder": folder, "uids": sorted(asked.uids)}

    def find(self, asked: Find) -> JSON:
        """Return what `send` returned for this key, when the folder of sent messages has it; null otherwise."""
        self._open(self.server.sent, None)
        unique = self.threads.unique(asked.key)
        if not self.client.search(["HEADER", "Message-ID", unique]):
            return None
        return {"messageId": self.threads.message_id(asked.thread, asked.key), "thread": asked.thread}

    def look(self) -> int:
        """Return how many messages the folder has."""
        return int(self._select(self.server.folder, write=False)[b"EXISTS"])

    def _open(self, folder: str | None, expected: int | None, *, write: bool = False) -> tuple[str, int]:
        name = folder or self.server.folder
        validity = int(self._select(name, write=write).get(b"UIDVALIDITY", 0))
        if expected is not None and expected != validity:
            raise BusinessError(
                "The server has numbered this folder's messages anew, so the UIDs of before mean nothing.",
                hint="List it from the start (after: 0), and keep the new uidValidity.",
                remote_code="UIDVALIDITY",
                detail={"uidValidity": validity},
            )
        return name, validity

    def _select(self, folder: str, *, write: bool) -> dict[bytes, Any]:
        try:
            found: dict[bytes, Any] = self.client.select_folder(folder, readonly=not write)
        except imaplib.IMAP4.error as cause:
            if isinstance(cause, imaplib.IMAP4.abort) or is_for_now(cause):
                raise
            known = [str(name) for _, _, name in self.client.list_folders()][:_most_folders]
            raise PermanentError(
                f"The mailbox has no folder {folder!r} that can be opened.",
                hint=did_you_mean(folder, known),
                remote_code="folder",
            ) from cause
        return found

    def _read(self, uid: int, size: int, *, with_files: bool) -> JSON:
        """Return one message as JSON, without marking it as seen; of one that is too large, its headers."""
        whole = size <= self.max_bytes
        item = "BODY.PEEK[]" if whole else "BODY.PEEK[HEADER]"
        answer = self.client.fetch([uid], [item, "FLAGS"]).get(uid)
        raw = None if answer is None else answer.get(_whole if whole else b"BODY[HEADER]")
        if answer is None or raw is None:
            return None
        read = incoming.read(bytes(raw), self.threads, whole=whole, with_files=with_files)
        return {"uid": uid, "size": size, "seen": rb"\Seen" in answer.get(b"FLAGS", ()), **read}
