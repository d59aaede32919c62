"""The table of two-way syncs: both sides of each row, and what they agreed on last."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, Document, utc_now


class PairedRow(Base):
    """A row that two systems share.

    `source_row` and `target_row` are the fields as each side had them last (null: it has no such row), `agreed` what
    both had. A side's `seen` is the last run that read it whole and met the row, its `version` counts what was written
    there. `at` is when the side says that it changed the row, `match` what tells it from others on both sides.

    States: settled, changed (a run has to look at it), asked (somebody has to decide, in `task`), left (deleted on one
    side only, where that is not passed on), deleted. `decision` is what was decided, until it is carried out.
    """

    __tablename__ = "paired_rows"
    __table_args__ = (
        UniqueConstraint("sync", "source_id"),
        UniqueConstraint("sync", "target_id"),
        Index("ix_paired_rows_match", "sync", "match"),
        Index("ix_paired_rows_state", "sync", "state", "id"),
        Index("ix_paired_rows_task", "task"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sync: Mapped[str]
    source_id: Mapped[str | None]
    target_id: Mapped[str | None]
    match: Mapped[str | None]
    agreed: Mapped[Document | None]
    source_row: Mapped[Document | None]
    target_row: Mapped[Document | None]
    source_at: Mapped[Document | None]
    target_at: Mapped[Document | None]
    source_seen: Mapped[int] = mapped_column(default=0)
    target_seen: Mapped[int] = mapped_column(default=0)
    source_version: Mapped[int] = mapped_column(default=0)
    target_version: Mapped[int] = mapped_column(default=0)
    state: Mapped[str]
    decision: Mapped[Document | None]
    task: Mapped[str | None]
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)
