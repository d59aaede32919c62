"""What each operation may be given; everything is looked at before anything is sent."""

import base64
import binascii
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from cauce.connector import JSON
from cauce.errors import PermanentError
from connectors.mail.addresses import Line, Mailbox
from connectors.mail.threads import thread_pattern

_longest_line: Final = 900
_most: Final = 100
_type = re.compile(r"(?!multipart/|message/)[A-Za-z0-9][\w.+-]{0,60}/[A-Za-z0-9][\w.+-]{0,80}")
_message_id = r"^<[!-;=?-~]{3,250}>$"


def _several(value: JSON) -> JSON:
    return [value] if isinstance(value, str | int) and not isinstance(value, bool) else value


MessageId = Annotated[str, Field(pattern=_message_id)]
Mailboxes = Annotated[list[Mailbox], BeforeValidator(_several)]
Uids = Annotated[list[Annotated[int, Field(ge=1)]], BeforeValidator(_several), Field(min_length=1, max_length=1000)]
Folder = Annotated[Line, Field(min_length=1, max_length=250)]


class Params(BaseModel):
    """Parameters of one operation; what is null counts as left out."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=to_camel)

    @model_validator(mode="before")
    @classmethod
    def _given(cls, data: Any) -> Any:  # noqa: ANN401 (whatever a process maps)
        return {key: value for key, value in data.items() if value is not None} if isinstance(data, Mapping) else data


class Attachment(Params):
    """A file that goes with a message."""

    name: Line = Field(min_length=1, max_length=200)
    type: str = "application/octet-stream"
    content: str = Field(description="The bytes, as base64.")

    @model_validator(mode="after")
    def _readable(self) -> "Attachment":
        if not _type.fullmatch(self.type):
            message = "type must be one of a single file, such as application/pdf"
            raise ValueError(message)
        if not self.data and self.content:
            message = "content must be base64"
            raise ValueError(message)
        return self

    @cached_property
    def data(self) -> bytes:
        """The file itself; empty when it cannot be read."""
        try:
            return base64.b64decode(self.content, validate=True)
        except (binascii.Error, ValueError):
            return b""


class Send(Params):
    """One message to send."""

    to: Mailboxes = Field(min_length=1)
    cc: Mailboxes = Field(default_factory=list)
    bcc: Mailboxes = Field(default_factory=list)
    reply_to: Mailbox | None = None
    subject: Annotated[Line, Field(max_length=_longest_line)]
    text: str | None = None
    html: str | None = None
    attachments: list[Attachment] = Field(default_factory=list, max_length=_most)
    in_reply_to: MessageId | None = None
    references: list[MessageId] = Field(default_factory=list, max_length=_most)
    thread: str | None = Field(None, pattern=thread_pattern)
    key: str | None = Field(None, min_length=1, max_length=500)

    @model_validator(mode="after")
    def _something(self) -> "Send":
        if self.text is None and self.html is None:
            message = "a message has text, html or both"
            raise ValueError(message)
        return self


class Find(Params):
    """Which message to look for: `key` and `thread` of its `send`; the rest of that is not looked at."""

    model_config = ConfigDict(extra="ignore")

    key: str = Field(min_length=1, max_length=500)
    thread: str | None = Field(None, pattern=thread_pattern)


class _InFolder(Params):
    folder: Folder | None = None
    uid_validity: int | None = None


class List(_InFolder):
    """Which messages to read."""

    after: int = Field(0, ge=0)
    limit: int = Field(20, ge=1, le=200)
    unseen: bool = True


class Fetch(_InFolder):
    """Which one message to read, with what is attached."""

    uid: int = Field(ge=1)


class Mark(_InFolder):
    """What to do with messages."""

    uids: Uids
    seen: bool | None = None
    move: Folder | None = None

    @model_validator(mode="after")
    def _something(self) -> "Mark":
        if self.seen is None and self.move is None:
            message = "say seen: true, seen: false, or move: with the name of a folder"
            raise ValueError(message)
        return self


P = TypeVar("P", bound=Params)


def read(kind: type[P], params: JSON, where: str) -> P:
    """Return the parameters; raises `PermanentError` that names the first wrong one, never its value."""
    try:
        return kind.model_validate({} if params is None else params)
    except ValidationError as cause:
        first = cause.errors(include_input=False, include_url=False, include_context=False)[0]
        field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        known = ", ".join(body.alias or name for name, body in kind.model_fields.items())
        raise PermanentError(
            f"The mail operation cannot use its parameters: {first['msg'].removeprefix('Value error, ')}.",
            hint=f"Mend the operation's `request` or the task's `with`; it takes {known}.",
            where=where + field,
            remote_code="params",
        ) from None
