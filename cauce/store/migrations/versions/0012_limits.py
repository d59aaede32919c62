"""What workers tell each other about the limits of connections."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of circuits and places."""
    op.create_table(
        "connection_states",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("open_until", sa.Double(), nullable=True),
        sa.Column("trying_until", sa.Double(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("given_until", sa.Double(), nullable=False),
        sa.Column("window_begun", sa.Double(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("retries", sa.Integer(), nullable=False),
        sa.Column("calls_before", sa.Integer(), nullable=False),
        sa.Column("retries_before", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("connection", name="pk_connection_states"),
    )
    op.create_table(
        "connection_shares",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "worker", name="pk_connection_shares"),
    )


def downgrade() -> None:
    """Go back to limits that every worker keeps for itself."""
    op.drop_table("connection_shares")
    op.drop_table("connection_states")
