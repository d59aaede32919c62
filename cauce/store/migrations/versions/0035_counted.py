"""The inbox is counted along an index of its own; a session is over when it is gone, without a moment beside it."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_OPEN = sa.text("closed_at IS NULL")
_COUNTED = (
    "form",
    "group",
    "user",
    "claimed_by",
    "state",
    "follow_up_at",
    "due_at",
    "owner",
    "definition",
    "closed_at",
)


def upgrade() -> None:
    """Order what is open by form, with all that it is counted by."""
    op.create_index("ix_tasks_counted", "tasks", list(_COUNTED), sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.drop_column("users", "sessions_from")


def downgrade() -> None:
    """Count along the index of the list again."""
    op.add_column("users", sa.Column("sessions_from", sa.DateTime(timezone=True), nullable=True))
    op.drop_index("ix_tasks_counted", table_name="tasks")
