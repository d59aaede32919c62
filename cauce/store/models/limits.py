"""Tables of what workers tell each other about a connection: its circuit, its turns, and who has which places."""

from sqlalchemy import Double
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base


class ConnectionState(Base):
    """What the calls of one connection left behind; moments are seconds since the epoch."""

    __tablename__ = "connection_states"

    connection: Mapped[str] = mapped_column(primary_key=True)
    failed: Mapped[int] = mapped_column(default=0)
    open_until: Mapped[float | None] = mapped_column(Double)
    trying_until: Mapped[float | None] = mapped_column(Double)
    problem: Mapped[str] = mapped_column(default="")
    given_until: Mapped[float] = mapped_column(Double, default=0.0)
    window_begun: Mapped[float] = mapped_column(Double, default=0.0)
    calls: Mapped[int] = mapped_column(default=0)
    retries: Mapped[int] = mapped_column(default=0)
    calls_before: Mapped[int] = mapped_column(default=0)
    retries_before: Mapped[int] = mapped_column(default=0)


class ConnectionShare(Base):
    """The places of a connection that one worker holds; they are free when the lease has passed."""

    __tablename__ = "connection_shares"

    connection: Mapped[str] = mapped_column(primary_key=True)
    worker: Mapped[str] = mapped_column(primary_key=True)
    places: Mapped[int]
    wanted: Mapped[int]
    lease_until: Mapped[float] = mapped_column(Double)
