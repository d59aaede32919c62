"""The tables of alerts."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, Document, utc_now


class Alert(Base):
    """That something is wrong with a connection or a sync: from when until when, by which rules, and who knows of it.

    `open_for` is what it is about while it is raised, and empty afterwards: there is one raised alert of each thing.
    `causes` holds what each rule found, by the rule's name.
    """

    __tablename__ = "alerts"

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str]
    name: Mapped[str]
    open_for: Mapped[str | None] = mapped_column(unique=True)
    severity: Mapped[str]
    causes: Mapped[Document]
    raised_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    changed_at: Mapped[datetime] = mapped_column(default=utc_now)
    resolved_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str] = mapped_column(default="")
    acknowledged_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(default="")


class Turn(Base):
    """When something was last done that one process does for all."""

    __tablename__ = "turns"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
