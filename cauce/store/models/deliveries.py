"""The table of what came to connections from outside."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, utc_now


class Received(Base):
    """A delivery to a connection, and what became of it last; the newest are kept.

    `identity` is the delivery's id, or that of a minute in which strangers were turned away; `count` is how often it
    came.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("connection", "identity"),
        Index("ix_deliveries_connection", "connection", "last_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    connection: Mapped[str]
    identity: Mapped[str]
    state: Mapped[str]
    reception: Mapped[str] = mapped_column(default="")
    event: Mapped[int | None]
    instance: Mapped[str] = mapped_column(default="")
    problem: Mapped[str] = mapped_column(default="")
    size: Mapped[int] = mapped_column(default=0)
    count: Mapped[int] = mapped_column(default=1)
    first_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_at: Mapped[datetime] = mapped_column(default=utc_now)
