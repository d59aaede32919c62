"""The table of what could not be applied."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, Document, utc_now


class DeadLetter(Base):
    """Something that a system outside, or a process, did not take; it stays until a person has decided.

    `origin` and `name` say where it was refused (`event-sink` and the connection, `event-start` and the process, `call`
    and the connection, `delivery` and the connection it came to) and `identity` which one it is there. `request` is the
    digest of what was sent, `edited` that of what a person made of it; `wanted` is the refusal, `about` what a replay
    needs to know. `cause` is the same for all that was refused for the same reason, `title` says that reason without
    anybody's data.
    """

    __tablename__ = "dead_letters"
    __table_args__ = (
        UniqueConstraint("origin", "name", "identity"),
        Index("ix_dead_letters_state", "state", "cause", "id"),
        Index("ix_dead_letters_instance", "instance"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    origin: Mapped[str]
    name: Mapped[str]
    identity: Mapped[str]
    operation: Mapped[str] = mapped_column(default="")
    instance: Mapped[str] = mapped_column(default="")
    request: Mapped[str]
    edited: Mapped[str | None]
    wanted: Mapped[Document]
    about: Mapped[Document]
    cause: Mapped[str]
    title: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")
    attempts: Mapped[int] = mapped_column(default=1)
    lease_until: Mapped[datetime] = mapped_column(default=utc_now)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")
    answer: Mapped[Document | None]
