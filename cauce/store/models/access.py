"""Tables of how people get in: the sessions of their browsers, and the second step of the login."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, utc_now


class LoginSession(Base):
    """A browser that somebody is logged in on; its cookie is worth something only while this row is there."""

    __tablename__ = "login_sessions"

    id: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("users.name", ondelete="CASCADE"), index=True)
    began_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_used: Mapped[datetime] = mapped_column(default=utc_now)
    address: Mapped[str]
    browser: Mapped[str]
    by_password: Mapped[bool] = mapped_column(default=True)


class SecondFactor(Base):
    """The second step of somebody's login: one-time codes by time (TOTP).

    The secret is encrypted. `last_step` is the time step of the newest code that was taken: no code is taken twice.
    It counts only once confirmed. `recovery` are hashes of the codes that were not used yet.
    """

    __tablename__ = "second_factors"

    user: Mapped[str] = mapped_column(ForeignKey("users.name", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[str]
    last_step: Mapped[int] = mapped_column(default=0)
    recovery: Mapped[list[str]] = mapped_column(default=list)
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    confirmed_at: Mapped[datetime | None]
