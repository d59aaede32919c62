"""The table of the files that people attached to tasks, and of those that processes made."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, utc_now


class Attachment(Base):
    """A file of an instance; its bytes are the blob with this digest, and `task` is empty where no person gave it."""

    __tablename__ = "attachments"
    __table_args__ = (
        UniqueConstraint("instance", "task", "digest"),
        Index("ix_attachments_instance", "instance", "digest"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    instance: Mapped[str]
    task: Mapped[str] = mapped_column(default="")
    digest: Mapped[str]
    name: Mapped[str]
    type: Mapped[str]
    size: Mapped[int]
    by: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime] = mapped_column(default=utc_now)
