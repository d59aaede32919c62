"""Tables of the inbox: the words of its open tasks, and the views that people keep of it."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import JSON, Base, utc_now


class TaskText(Base):
    """The words by which an open task is found; each database has an index of them of its own (migration 0030)."""

    __tablename__ = "task_texts"

    id: Mapped[int] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), unique=True)
    text: Mapped[str]


class InboxView(Base):
    """A view of the inbox that one person keeps: what is shown, and in which columns."""

    __tablename__ = "inbox_views"
    __table_args__ = (UniqueConstraint("person", "name"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("users.name", ondelete="CASCADE"))
    name: Mapped[str]
    filters: Mapped[dict[str, JSON]]
    columns: Mapped[list[str]]
    standard: Mapped[bool] = mapped_column(default=False)
    saved_at: Mapped[datetime] = mapped_column(default=utc_now)
