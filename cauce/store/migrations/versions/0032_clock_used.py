"""How much of the time that counts a clock has used when it is stopped, for reports of attainment."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what a clock used, unknown of those before, and a way to those of some months."""
    op.add_column("clocks", sa.Column("used_s", sa.BigInteger(), nullable=True))
    op.create_index("ix_clocks_started", "clocks", ["started_at"])


def downgrade() -> None:
    """Forget what clocks used."""
    op.drop_index("ix_clocks_started", table_name="clocks")
    op.drop_column("clocks", "used_s")
