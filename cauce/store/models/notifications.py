"""What people are told in the hub, how they want to hear of it, and the mails that tell them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import JSON, Base, utc_now


class Notification(Base):
    """Something a person is told, of a `kind` that they can choose mail for.

    `mail` says what becomes of it by mail: nothing, due, daily or taken, and then `letter` is the mail that has it.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        Index("ix_notifications_person", "person", "at", "id"),
        Index("ix_notifications_mail", "mail", "at"),
        Index("ix_notifications_at", "at"),
        Index("ix_notifications_letter", "letter"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("users.name", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(default=utc_now)
    title: Mapped[str]
    text: Mapped[str] = mapped_column(default="")
    link: Mapped[str] = mapped_column(default="")
    instance: Mapped[str] = mapped_column(default="")
    read_at: Mapped[datetime | None]
    mail: Mapped[str] = mapped_column(default="")
    kind: Mapped[str] = mapped_column(default="told")
    letter: Mapped[str | None]


class Letter(Base):
    """A mail to one person with some of what they are told: `due` until it is `sent`, or `lost` with a problem.

    Whoever began to send it last did so at `begun_at`; `attempt` counts the times that somebody asked for it anew.
    """

    __tablename__ = "letters"
    __table_args__ = (Index("ix_letters_state", "state", "begun_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("users.name", ondelete="CASCADE"))
    email: Mapped[str]
    digest: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(default="due")
    problem: Mapped[str] = mapped_column(default="")
    attempt: Mapped[int] = mapped_column(default=0)
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    begun_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class NotificationChoice(Base):
    """How somebody wants to hear of what they are told: their address, and per kind `at-once`, `daily` or `none`."""

    __tablename__ = "notification_choices"

    person: Mapped[str] = mapped_column(ForeignKey("users.name", ondelete="CASCADE"), primary_key=True)
    kinds: Mapped[JSON] = mapped_column(default=dict)
    email: Mapped[str] = mapped_column(default="")
