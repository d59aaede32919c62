"""Tables of work in progress: the inbox, and the ledger of writes to systems outside."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from cauce.store.base import JSON, Base, Document, json_column, utc_now


class Task(Base):
    """One human task in the inbox.

    `urgent_at` is when it comes up (`cauce.urgency`, which `leads`, `severity`, `value` and `priority` are for): so one
    index gives the inbox its order. `clocked` says that the severity is that of a clock and follows it, `customer` is
    whom the case is about, as far as is known. `rung` is the last step of its ladder that was done, `revision` counts
    what people have changed of it. `owner` is who delegated it, `delegated_by` are all who did. `told` are groups and
    people who were told that it is left lying: {group or user, at}. `ancestors` are the instances whose sub-process the
    task's is.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        # All that the inbox filters and counts by, so that it reads no rows but those it shows. Partial, because closed
        # tasks pile up for ever and no inbox shows them.
        Index(
            "ix_tasks_inbox",
            *("urgent_at", "id", "group", "user", "claimed_by", "state", "follow_up_at", "due_at", "form"),
            *("definition", "severity", "priority", "owner", "closed_at"),
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        # By form, so that counts come form by form: sorting them into forms takes twice as long as counting.
        Index(
            "ix_tasks_counted",
            *("form", "group", "user", "claimed_by", "state", "follow_up_at", "due_at", "owner", "definition"),
            "closed_at",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        # By group, so that who sees few tasks has them found and not looked for among all; and for the team's page.
        Index(
            "ix_tasks_group",
            *("group", "due_at", "claimed_by", "user", "form", "definition"),
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        # What each person has, for the team's page: a few of many, where most wait for a group.
        Index(
            "ix_tasks_held",
            *("claimed_by", "user", "due_at", "group", "form", "definition", "closed_at"),
            sqlite_where=text('closed_at IS NULL AND coalesce(claimed_by, "user") IS NOT NULL'),
            postgresql_where=text('closed_at IS NULL AND coalesce(claimed_by, "user") IS NOT NULL'),
        ),
        # Few are set aside; they are counted without going through all the others.
        Index(
            "ix_tasks_set_aside",
            *("follow_up_at", "group", "user", "claimed_by", "form", "definition"),
            sqlite_where=text("closed_at IS NULL AND follow_up_at IS NOT NULL"),
            postgresql_where=text("closed_at IS NULL AND follow_up_at IS NOT NULL"),
        ),
        # Partial as well: else SQLite takes it for a way to the open ones, and sorts them all.
        Index(
            "ix_tasks_closed",
            "closed_at",
            "id",
            sqlite_where=text("closed_at IS NOT NULL"),
            postgresql_where=text("closed_at IS NOT NULL"),
        ),
        # What has come since open pages were told. Not partial: SQLite would take it for a way to all that is open.
        Index("ix_tasks_created", "created_at"),
        Index("ix_tasks_user", "user", "state"),
        Index("ix_tasks_claimed_by", "claimed_by", "state"),
        Index("ix_tasks_owner", "owner", "state"),
        Index("ix_tasks_instance", "instance"),
        Index("ix_tasks_case", "business_key", "definition", "name"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    instance: Mapped[str]
    definition: Mapped[str]
    version: Mapped[str]
    name: Mapped[str]
    reference: Mapped[str]
    title: Mapped[Document]
    form: Mapped[str]
    form_document: Mapped[Document]
    data: Mapped[Document | None]
    group: Mapped[str | None]
    user: Mapped[str | None]
    assignment: Mapped[Document | None]
    claimed_by: Mapped[str | None]
    state: Mapped[str] = mapped_column(default="open")
    priority: Mapped[int] = mapped_column(default=50)
    due_at: Mapped[datetime | None]
    urgent_at: Mapped[datetime]
    severity: Mapped[str | None]
    clocked: Mapped[bool] = mapped_column(default=False)
    value: Mapped[float | None]
    leads: Mapped[list[JSON]] = mapped_column(json_column, default=list)
    customer: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    answer: Mapped[Document | None]
    different_from: Mapped[list[str]] = mapped_column(default=list)
    business_key: Mapped[str] = mapped_column(default="")
    owner: Mapped[str | None]
    delegated_by: Mapped[list[str]] = mapped_column(default=list)
    note: Mapped[str] = mapped_column(default="")
    follow_up_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    approvals: Mapped[Document | None]
    answered_by: Mapped[list[str]] = mapped_column(default=list)
    return_to: Mapped[list[str]] = mapped_column(default=list)
    returned: Mapped[Document | None]
    told: Mapped[list[JSON]] = mapped_column(json_column, default=list)
    ancestors: Mapped[list[str]] = mapped_column(default=list)
    rung: Mapped[int] = mapped_column(default=0)
    revision: Mapped[int] = mapped_column(default=0)


class Draft(Base):
    """What a person has filled in of a task and not sent yet; `form_digest` is the form that it was for."""

    __tablename__ = "task_drafts"

    task: Mapped[str] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    person: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[Document | None]
    form_digest: Mapped[str]
    saved_at: Mapped[datetime] = mapped_column(default=utc_now)


class StartDraft(Base):
    """What a person has filled in of the form that starts a process; `key` is that of the case that it will be."""

    __tablename__ = "start_drafts"

    definition: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str]
    content: Mapped[Document | None]
    form_digest: Mapped[str]
    saved_at: Mapped[datetime] = mapped_column(default=utc_now)


class LedgerEntry(Base):
    """One write to a system outside, by its idempotency key: what was asked, and what is known of the outcome."""

    __tablename__ = "ledger"
    __table_args__ = (
        UniqueConstraint("connection", "operation", "key"),
        Index("ix_ledger_instance", "instance"),
        Index("ix_ledger_state", "state", "updated_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    connection: Mapped[str]
    operation: Mapped[str]
    key: Mapped[str]
    instance: Mapped[str]
    task: Mapped[str]
    state: Mapped[str]
    request_digest: Mapped[str]
    answer: Mapped[Document | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
