"""Figures about connections and syncs, and the alerts that they raise."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

instant = sa.DateTime(timezone=True)
sums = ("calls", "failed", "rejected", "items", *(f"t{number}" for number in range(13)))
key = ("subject", "name", "operation", "span", "at")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "measures",
        *(sa.Column(name, sa.Text(), nullable=False) for name in key[:-1]),
        sa.Column("at", instant, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in sums),
        *(sa.Column(name, sa.Double(), nullable=False) for name in ("busy_ms", "slowest_ms", "lag_ms")),
        *(sa.Column(name, instant, nullable=True) for name in ("done_at", "failed_at")),
        sa.PrimaryKeyConstraint(*key, name="pk_measures"),
    )
    op.create_index("ix_measures_span_at", "measures", ["span", "at"])
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("open_for", sa.Text(), nullable=True),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("causes", sa.JSON(), nullable=False),
        sa.Column("raised_at", instant, nullable=False),
        sa.Column("changed_at", instant, nullable=False),
        sa.Column("resolved_at", instant, nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=False),
        sa.Column("acknowledged_at", instant, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.UniqueConstraint("open_for", name="uq_alerts_open_for"),
    )
    op.create_index("ix_alerts_raised_at", "alerts", ["raised_at"])
    op.create_table(
        "turns",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_turns"),
    )


def downgrade() -> None:
    """Go back to a hub that nobody watches."""
    for name in ("turns", "alerts", "measures"):
        op.drop_table(name)
