"""Tables of what starts processes by events: the filters, and the events collected until there are enough."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, Document, utc_now


class StartRule(Base):
    """One filter of `schedule.on` of the latest version of a process, filed under what the events it wants have.

    An empty `type` or `source` stands for anything. `rule` is the digest of the whole `schedule.on`.
    """

    __tablename__ = "start_rules"
    __table_args__ = (UniqueConstraint("definition", "number"), Index("ix_start_rules_route", "type", "source"))

    id: Mapped[int] = mapped_column(primary_key=True)
    definition: Mapped[str]
    rule: Mapped[str]
    number: Mapped[int]
    type: Mapped[str]
    source: Mapped[str]
    filter: Mapped[Document]


class EventSet(Base):
    """Events collected for one start of a process; `state` is open, complete or started.

    `known` are the values they correlate by and `key` the digest of those, `slots` says which filter has its event
    already, `events` are the places of the events in the log, in the order in which they came.
    """

    __tablename__ = "event_sets"
    __table_args__ = (Index("ix_event_sets_open", "definition", "state", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    definition: Mapped[str]
    rule: Mapped[str]
    state: Mapped[str]
    key: Mapped[str]
    known: Mapped[Document]
    slots: Mapped[Document]
    events: Mapped[Document]
    opened_at: Mapped[datetime] = mapped_column(default=utc_now)
