"""What people are told in the hub, and how they want to hear of it."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, utc_now


class Notification(Base):
    """Something a person is told; `mail` says what becomes of it by mail: nothing, due, daily, sent or lost."""

    __tablename__ = "notifications"
    __table_args__ = (
        Index("ix_notifications_person", "person", "at", "id"),
        Index("ix_notifications_mail", "mail", "at"),
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


class NotificationChoice(Base):
    """How somebody wants to hear of what they are told: only in the hub, by mail at once, or once a day."""

    __tablename__ = "notification_choices"

    person: Mapped[str] = mapped_column(ForeignKey("users.name", ondelete="CASCADE"), primary_key=True)
    mail: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
