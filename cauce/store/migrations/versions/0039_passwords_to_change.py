"""Whose password somebody else made, and which sessions began with a password."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let every account keep the password it has."""
    no, yes = sa.false(), sa.true()
    op.add_column("users", sa.Column("password_to_change", sa.Boolean(), nullable=False, server_default=no))
    op.add_column("login_sessions", sa.Column("by_password", sa.Boolean(), nullable=False, server_default=yes))


def downgrade() -> None:
    """Forget who made the passwords."""
    op.drop_column("login_sessions", "by_password")
    op.drop_column("users", "password_to_change")
