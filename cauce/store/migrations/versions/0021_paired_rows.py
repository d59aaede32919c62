"""Rows that are kept the same both ways."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of rows that two systems share."""
    op.create_table(
        "paired_rows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sync", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("source_id", "target_id", "match", "task")),
        *(
            sa.Column(name, sa.JSON(), nullable=True)
            for name in ("agreed", "source_row", "target_row", "source_at", "target_at", "decision")
        ),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("source_seen", "target_seen", "source_version", "target_version")
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_paired_rows"),
        sa.UniqueConstraint("sync", "source_id", name="uq_paired_rows_sync_source_id"),
        sa.UniqueConstraint("sync", "target_id", name="uq_paired_rows_sync_target_id"),
    )
    op.create_index("ix_paired_rows_match", "paired_rows", ["sync", "match"])
    op.create_index("ix_paired_rows_state", "paired_rows", ["sync", "state", "id"])
    op.create_index("ix_paired_rows_task", "paired_rows", ["task"])


def downgrade() -> None:
    """Go back to rows that go one way only."""
    op.drop_table("paired_rows")
