"""What people say to each other about tasks."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, utc_now


class Comment(Base):
    """What somebody said about a task, and whom they named with an @; it is never changed."""

    __tablename__ = "task_comments"
    __table_args__ = (
        Index("ix_task_comments_task", "task", "id"),
        Index("ix_task_comments_instance", "instance", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"))
    instance: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=utc_now)
    text: Mapped[str]
    mentions: Mapped[list[str]] = mapped_column(default=list)
