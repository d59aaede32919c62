"""Comments on tasks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of comments."""
    op.create_table(
        "task_comments",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("task", "instance", "by")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mentions", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["task"], ["tasks.id"], name="fk_task_comments_task_tasks", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_task_comments"),
    )
    op.create_index("ix_task_comments_task", "task_comments", ["task", "id"])
    op.create_index("ix_task_comments_instance", "task_comments", ["instance", "id"])


def downgrade() -> None:
    """Go back to tasks that nobody speaks about."""
    op.drop_table("task_comments")
