"""Tables of events that go out to other systems."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, utc_now


class EventSink(Base):
    """How far the event log was sent to one connection; whoever sends holds the lease."""

    __tablename__ = "event_sinks"

    connection: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    failures: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str] = mapped_column(default="")
    next_at: Mapped[datetime] = mapped_column(default=utc_now)
    lease_until: Mapped[datetime] = mapped_column(default=utc_now)


class RefusedEvent(Base):
    """An event that a connection did not want, and why."""

    __tablename__ = "refused_events"
    __table_args__ = (Index("ix_refused_events_connection", "connection", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection: Mapped[str]
    event: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    problem: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=utc_now)
