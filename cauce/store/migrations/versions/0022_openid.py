"""Accounts of people who log in at an OpenID provider; sessions can be ended."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let accounts have a subject, and a time before which no session counts."""
    with op.batch_alter_table("users") as table:
        table.add_column(sa.Column("subject", sa.Text(), nullable=True))
        table.add_column(sa.Column("sessions_from", sa.DateTime(timezone=True), nullable=True))
        table.create_unique_constraint("uq_users_subject", ["subject"])


def downgrade() -> None:
    """Go back to accounts with passwords only."""
    with op.batch_alter_table("users") as table:
        table.drop_constraint("uq_users_subject", type_="unique")
        table.drop_column("sessions_from")
        table.drop_column("subject")
