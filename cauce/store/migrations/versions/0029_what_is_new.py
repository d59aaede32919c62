"""What is new is found by when it came."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Find new tasks and new notifications without looking at the others."""
    op.create_index("ix_tasks_created", "tasks", ["created_at"])
    op.create_index("ix_notifications_at", "notifications", ["at"])


def downgrade() -> None:
    """Go back to looking at all."""
    op.drop_index("ix_notifications_at", "notifications")
    op.drop_index("ix_tasks_created", "tasks")
