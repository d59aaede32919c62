"""What came to connections from outside."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of deliveries."""
    texts = ("connection", "identity", "state", "reception", "instance", "problem")
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        sa.Column("event", sa.Integer(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("connection", "identity", name="uq_deliveries_connection_identity"),
    )
    op.create_index("ix_deliveries_connection", "deliveries", ["connection", "last_at"])


def downgrade() -> None:
    """Go back to connections that nobody calls."""
    op.drop_table("deliveries")
