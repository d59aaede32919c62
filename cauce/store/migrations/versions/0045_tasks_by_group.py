"""Open tasks by their group and those that are set aside, for who sees few of many."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

_COLUMNS = {
    "ix_tasks_group": ["group", "due_at", "claimed_by", "user", "form", "definition"],
    "ix_tasks_set_aside": ["follow_up_at", "group", "user", "claimed_by", "form", "definition"],
}
_WHERE = {
    "ix_tasks_group": sa.text("closed_at IS NULL"),
    "ix_tasks_set_aside": sa.text("closed_at IS NULL AND follow_up_at IS NOT NULL"),
}


def upgrade() -> None:
    """Add the indexes."""
    for name, columns in _COLUMNS.items():
        op.create_index(name, "tasks", columns, sqlite_where=_WHERE[name], postgresql_where=_WHERE[name])


def downgrade() -> None:
    """Go back to looking for them among all."""
    for name in _COLUMNS:
        op.drop_index(name, table_name="tasks")
