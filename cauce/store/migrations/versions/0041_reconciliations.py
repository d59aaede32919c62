"""What comparing both sides of syncs came to."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; nothing was compared as far as the hub knows."""
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("sync", "version", "by")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("source", "target", "differences")),
        *(sa.Column(name, sa.JSON(none_as_null=True), nullable=False) for name in ("sums", "keys")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reconciliations"),
    )
    op.create_index("ix_reconciliations_sync", "reconciliations", ["sync", "id"])


def downgrade() -> None:
    """Go back to a hub that compares nothing."""
    op.drop_table("reconciliations")
