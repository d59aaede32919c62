"""The table of figures about connections and syncs."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base


class Measure(Base):
    """What happened at one operation in one span of time: a minute, an hour, or since the figures began (total).

    `t0` … `t12` count calls by how long they took; the classes are `cauce.figures.BOUNDS`.
    """

    __tablename__ = "measures"
    __table_args__ = (Index("ix_measures_span_at", "span", "at"),)

    subject: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(primary_key=True)
    span: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    calls: Mapped[int]
    failed: Mapped[int]
    rejected: Mapped[int]
    items: Mapped[int]
    busy_ms: Mapped[float]
    slowest_ms: Mapped[float]
    lag_ms: Mapped[float]
    done_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    t0: Mapped[int]
    t1: Mapped[int]
    t2: Mapped[int]
    t3: Mapped[int]
    t4: Mapped[int]
    t5: Mapped[int]
    t6: Mapped[int]
    t7: Mapped[int]
    t8: Mapped[int]
    t9: Mapped[int]
    t10: Mapped[int]
    t11: Mapped[int]
    t12: Mapped[int]
