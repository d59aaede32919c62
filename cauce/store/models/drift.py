"""Tables of contracts: what was agreed with each system outside, and the cases in which it does not hold any more."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, Document, utc_now


class Contract(Base):
    """The contract of a connection as it was agreed: by operation what it calls, and the schemas of both directions.

    `version` is that of the connection when its contract was last looked at; `problem` says why it could not be read
    then, and `read_at` when it last could.
    """

    __tablename__ = "contracts"

    connection: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(default="")
    agreed: Mapped[Document]
    problem: Mapped[str] = mapped_column(default="")
    looked_at: Mapped[datetime] = mapped_column(default=utc_now)
    read_at: Mapped[datetime | None]


class DriftCase(Base):
    """A contract that is another one than was agreed; at most one of a connection is open or acknowledged.

    `found` is the contract as it is, `changes` what that changes of the one agreed. `state` is open, acknowledged,
    accepted (it became the one agreed), or over (it is again as it was).
    """

    __tablename__ = "drift_cases"
    __table_args__ = (Index("ix_drift_cases_connection", "connection", "state", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")
    breaking: Mapped[bool]
    changes: Mapped[Document]
    found: Mapped[Document]
    opened_at: Mapped[datetime] = mapped_column(default=utc_now)
    seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    decided_by: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")
