"""Tables of what happened: events received, rows set aside, and the audit trail."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, Document, utc_now


class Event(Base):
    """One CloudEvent of the log; `source` and `event_id` together are its identity, as the standard has it.

    `instance` is who emitted it, if one of ours did. Until `routed_at` is set, somebody still has to tell those who
    want it: the one who holds the lease, or whoever comes when that has passed.
    """

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("source", "event_id"),
        Index("ix_events_type", "type", "id"),
        Index("ix_events_instance", "instance", "id"),
        Index(
            "ix_events_unrouted",
            "lease_until",
            "id",
            sqlite_where=text("routed_at IS NULL"),
            postgresql_where=text("routed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]
    event_id: Mapped[str]
    type: Mapped[str]
    subject: Mapped[str | None]
    document: Mapped[Document]
    received_at: Mapped[datetime] = mapped_column(default=utc_now)
    instance: Mapped[str | None]
    lease_until: Mapped[datetime] = mapped_column(default=utc_now)
    attempts: Mapped[int] = mapped_column(default=0)
    routed_at: Mapped[datetime | None]


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


class EventSubscription(Base):
    """One filter of one listener of an instance, filed under what the events that it wants have.

    An empty `type`, `source` or `key` stands for anything.
    """

    __tablename__ = "event_subscriptions"
    __table_args__ = (
        UniqueConstraint("token", "number"),
        Index("ix_event_subscriptions_route", "type", "source", "key", "id"),
        Index("ix_event_subscriptions_instance", "instance"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str]
    number: Mapped[int]
    instance: Mapped[str]
    type: Mapped[str]
    source: Mapped[str]
    key: Mapped[str]
    filter: Mapped[Document]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class EventKey(Base):
    """An expression under whose values subscriptions for a type of events are filed; there are few."""

    __tablename__ = "event_keys"
    __table_args__ = (UniqueConstraint("type", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str]
    digest: Mapped[str]
    expression: Mapped[str]


class EventConsumption(Base):
    """That a listener of an instance has used an event up; no listener that begins after that `turn` gets it."""

    __tablename__ = "event_consumptions"

    instance: Mapped[str] = mapped_column(primary_key=True)
    event: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), primary_key=True)
    turn: Mapped[int]


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
