"""The table of the clocks of instances."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, Document


class Clock(Base):
    """One clock of an instance from its start to its end; one that starts again is another row.

    `target` and `pauses` are what its time is reckoned from, `steps` what has happened by itself, `acted` what of that
    was done here. `used_s` is how much time that counts it took, known once it is stopped.
    """

    __tablename__ = "clocks"
    __table_args__ = (
        Index("ix_clocks_instance", "instance"),
        Index("ix_clocks_started", "started_at"),
        # Partial, because clocks that were stopped pile up and nobody looks ahead to their end.
        Index(
            "ix_clocks_due",
            "due_at",
            "id",
            sqlite_where=text("stopped_at IS NULL"),
            postgresql_where=text("stopped_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    instance: Mapped[str]
    definition: Mapped[str]
    version: Mapped[str]
    business_key: Mapped[str] = mapped_column(default="")
    name: Mapped[str]
    title: Mapped[Document]
    state: Mapped[str]
    severity: Mapped[str | None]
    target: Mapped[Document]
    pauses: Mapped[Document]
    steps: Mapped[Document]
    acted: Mapped[Document]
    started_at: Mapped[datetime]
    due_at: Mapped[datetime]
    paused_until: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")
    breached_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    used_s: Mapped[int | None] = mapped_column(BigInteger)
