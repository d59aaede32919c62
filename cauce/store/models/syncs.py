"""Tables of syncs: where each stands, what its runs did, and which row here is which row there."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import Base, Document, utc_now


class SyncState(Base):
    """Where a sync stands between its runs.

    `cursor` is the place behind which the next run reads, `columns` the shape of the rows as it was agreed to, and
    """

    __tablename__ = "sync_states"

    sync: Mapped[str] = mapped_column(primary_key=True)
    cursor: Mapped[Document | None]
    columns: Mapped[Document | None]
    full_at: Mapped[datetime | None]
    paused: Mapped[bool] = mapped_column(default=False)


class SyncRun(Base):
    """One run of a sync: how far it is (`progress`, and the number of its steps), and what became of the rows.

    States: running, done, failed (it stopped by itself, and `problem` says why), stopped (by a person, or its workflow
    is gone). `problem` of one that runs is what it waits for.
    """

    __tablename__ = "sync_runs"
    __table_args__ = (Index("ix_sync_runs_sync", "sync", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sync: Mapped[str]
    version: Mapped[str]
    mode: Mapped[str]
    by: Mapped[str]
    state: Mapped[str] = mapped_column(default="running")
    step: Mapped[int] = mapped_column(default=0)
    progress: Mapped[Document]
    problem: Mapped[str] = mapped_column(default="")
    read: Mapped[int] = mapped_column(default=0)
    written: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    deleted: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
    ended_at: Mapped[datetime | None]


class CrossReference(Base):
    """Which row of one system is which row of another.

    `digest` is that of what was written last, `version` counts what was, and `seen` is the last run that read
    everything and met the row. A row that is deleted keeps its line.
    """

    __tablename__ = "cross_references"
    __table_args__ = (
        Index("ix_cross_references_source", "source_system", "source_id"),
        Index("ix_cross_references_target", "target_system", "target_id"),
        Index("ix_cross_references_seen", "sync", "state", "seen"),
    )

    sync: Mapped[str] = mapped_column(primary_key=True)
    source_id: Mapped[str] = mapped_column(primary_key=True)
    source_system: Mapped[str]
    target_system: Mapped[str]
    target_id: Mapped[str]
    digest: Mapped[str]
    version: Mapped[int]
    seen: Mapped[int]
    state: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
