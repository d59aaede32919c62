"""Recorded exchanges, who wants them, and the key of their masks."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the three tables."""
    op.create_table(
        "recorded_exchanges",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recorded_exchanges"),
    )
    op.create_index("ix_recorded_exchanges_connection", "recorded_exchanges", ["connection", "operation", "id"])
    op.create_table(
        "recording_switches",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left", sa.Integer(), nullable=True),
        sa.Column("operations", sa.JSON(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("connection", name="pk_recording_switches"),
    )
    op.create_table(
        "masking_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_masking_keys"),
    )


def downgrade() -> None:
    """Forget what was recorded."""
    op.drop_table("masking_keys")
    op.drop_table("recording_switches")
    op.drop_table("recorded_exchanges")
