"""The tables of recorded exchanges, of who wants them recorded, and of the key of their masks."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, Document, utc_now


class RecordedExchange(Base):
    """One call of a connection with its answer, masked before it came here; the oldest make room for new ones."""

    __tablename__ = "recorded_exchanges"
    __table_args__ = (Index("ix_recorded_exchanges_connection", "connection", "operation", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection: Mapped[str]
    operation: Mapped[str]
    failed: Mapped[bool]
    document: Mapped[Document]
    at: Mapped[datetime] = mapped_column(default=utc_now)


class RecordingSwitch(Base):
    """That a connection is recorded for a while: until a time, and for as many calls as are left."""

    __tablename__ = "recording_switches"

    connection: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]
    left: Mapped[int | None]
    operations: Mapped[Document]
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=utc_now)


class MaskingKey(Base):
    """The key of all masks of this environment, so that a value has the same one in every recording; the only row."""

    __tablename__ = "masking_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
