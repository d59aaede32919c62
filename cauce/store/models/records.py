"""Tables of what happened: events received, rows set aside, and the audit trail."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, Document, utc_now


class Event(Base):
    """One CloudEvent of the log; `source` and `event_id` together are its identity, as the standard has it."""

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("source", "event_id"), Index("ix_events_type", "type", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]
    event_id: Mapped[str]
    type: Mapped[str]
    subject: Mapped[str | None]
    document: Mapped[Document]
    received_at: Mapped[datetime] = mapped_column(default=utc_now)


class EventStart(Base):
    """The one start of a definition that an event causes; `lease_until` says who is at it and for how long."""

    __tablename__ = "event_starts"
    __table_args__ = (UniqueConstraint("event", "definition"), Index("ix_event_starts_state", "state", "lease_until"))

    id: Mapped[int] = mapped_column(primary_key=True)
    event: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    definition: Mapped[str]
    instance: Mapped[str]
    state: Mapped[str]
    problem: Mapped[str] = mapped_column(default="")
    lease_until: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class AuditEntry(Base):
    """One line of the audit trail; each holds the hash of the one before, so that no line can change unseen."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_subject", "subject", "seq"), Index("ix_audit_actor", "actor", "seq"))

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    data: Mapped[Document | None]
    prev_hash: Mapped[str]
    hash: Mapped[str]


class SetAside(Base):
    """A row of an input file that was refused, with the reason; kept until somebody mends it."""

    __tablename__ = "set_asides"
    __table_args__ = (Index("ix_set_asides_file", "file", "line"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    file: Mapped[str]
    line: Mapped[int]
    reason: Mapped[str]
    data: Mapped[Document | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
