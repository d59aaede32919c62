"""The table of processes that start by time."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, utc_now


class Schedule(Base):
    """One `schedule.every`, `cron` or `after` of the latest version of a process, and what Temporal knows of it.

    `version` and `digest` are empty when the process does not ask for it any more; the row goes when Temporal has
    forgotten it. `applied` is the mark of what was last told to Temporal: where it is another than that of the row,
    Temporal is told again. `waits_for` says what is missing of the connections that are needed before anything starts.
    """

    __tablename__ = "schedules"

    definition: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(default="")
    digest: Mapped[str] = mapped_column(default="")
    paused: Mapped[bool] = mapped_column(default=False)
    applied: Mapped[str] = mapped_column(default="")
    waits_for: Mapped[str] = mapped_column(default="")
    problem: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[datetime] = mapped_column(default=utc_now)
