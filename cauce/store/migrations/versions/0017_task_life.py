"""The life of human tasks: delegation, follow-up, approvals, escalation, and drafts."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_LISTS = ("delegated_by", "answered_by", "return_to", "told")
_COLUMNS: dict[str, tuple[sa.types.TypeEngine[Any], str | None]] = {
    **{name: (sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), "[]") for name in _LISTS},
    **{name: (sa.Integer(), "0") for name in ("rung", "revision")},
    "note": (sa.Text(), ""),
    "owner": (sa.Text(), None),
    **{name: (sa.JSON(), None) for name in ("approvals", "returned")},
    **{name: (sa.DateTime(timezone=True), None) for name in ("follow_up_at", "expires_at")},
}


def upgrade() -> None:
    """Add what a task may go through, and the table of drafts."""
    for name, (kind, default) in _COLUMNS.items():
        op.add_column("tasks", sa.Column(name, kind, nullable=default is None, server_default=default))
    op.create_index("ix_tasks_owner", "tasks", ["owner", "state"])
    op.create_table(
        "task_drafts",
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=True),
        sa.Column("form_digest", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("task", "person", name="pk_task_drafts"),
        sa.ForeignKeyConstraint(["task"], ["tasks.id"], name="fk_task_drafts_task_tasks", ondelete="CASCADE"),
    )


def downgrade() -> None:
    """Go back to tasks that are claimed, given back and completed only."""
    op.drop_table("task_drafts")
    op.drop_index("ix_tasks_owner", table_name="tasks")
    for name in _COLUMNS:
        op.drop_column("tasks", name)
