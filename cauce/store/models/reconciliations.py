"""The table of what comparing both sides of syncs came to."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, Document, utc_now


class Reconciliation(Base):
    """That both sides of a version of a sync were compared: rows of each, sums by field, and how many rows differ."""

    __tablename__ = "reconciliations"
    __table_args__ = (Index("ix_reconciliations_sync", "sync", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sync: Mapped[str]
    version: Mapped[str]
    source: Mapped[int]
    target: Mapped[int]
    differences: Mapped[int]
    sums: Mapped[Document]
    keys: Mapped[Document]
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=utc_now)
