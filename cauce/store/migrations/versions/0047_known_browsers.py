"""Wrong passwords from browsers on which somebody was logged in before, counted by themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the count and its lock."""
    op.add_column("users", sa.Column("known_failed_logins", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("users", sa.Column("known_locked_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Count all together again."""
    op.drop_column("users", "known_locked_until")
    op.drop_column("users", "known_failed_logins")
