"""The table of what look-ups answered last."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, Document, utc_now


class Lookup(Base):
    """The last answer to one question to a connection; `key` is the digest of operation and arguments."""

    __tablename__ = "lookups"
    __table_args__ = (Index("ix_lookups_at", "at"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    call: Mapped[str]
    answer: Mapped[Document | None]
    at: Mapped[datetime] = mapped_column(default=utc_now)
