"""The table of the files that people attached to tasks, and of those that processes made."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, utc_now

_UNSURE = text("task != '' AND NOT kept")


class Attachment(Base):
    """A file of an instance; its bytes are the blob with this digest, and `task` is empty where no person gave it.

    `ancestors` are the instances whose sub-process it is from. `kept` says that an answer is known to name it; what
    nobody names is removed after a while.
    """

    __tablename__ = "attachments"
    __table_args__ = (
        UniqueConstraint("instance", "task", "digest"),
        Index("ix_attachments_instance", "instance", "digest"),
        Index("ix_attachments_digest", "digest"),
        Index("ix_attachments_unsure", "id", sqlite_where=_UNSURE, postgresql_where=_UNSURE),
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
    ancestors: Mapped[list[str]] = mapped_column(default=list)
    kept: Mapped[bool] = mapped_column(default=False)
