"""The table of writes that people did instead of a call."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, Document, utc_now


class DoneByHand(Base):
    """A write that a person did in the other system, because it could not be called; `key` is its idempotency key.

    `state` is open (nobody asked the system yet), confirmed (it has it as the person said), different (it has
    something else), missing (it does not have it), or settled (a person decided). `found` is what it has.
    """

    __tablename__ = "done_by_hand"
    __table_args__ = (Index("ix_done_by_hand_state", "state", "id"), Index("ix_done_by_hand_instance", "instance"))

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(unique=True)
    connection: Mapped[str]
    operation: Mapped[str]
    key: Mapped[str]
    instance: Mapped[str]
    task: Mapped[str]
    params: Mapped[Document | None]
    answer: Mapped[Document | None]
    by: Mapped[str]
    at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="open")
    found: Mapped[Document | None]
    problem: Mapped[str] = mapped_column(default="")
    checked_at: Mapped[datetime | None]
    settled_by: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
