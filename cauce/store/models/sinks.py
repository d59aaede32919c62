"""Tables of events that go out to other systems."""

from datetime import datetime

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
