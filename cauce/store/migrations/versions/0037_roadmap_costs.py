"""Entries of time and money for the activities of roadmaps that run."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_TEXTS = ("activity", "kind", "factor", "hours", "owner", "rate", "person", "note", "reference", "source", "by")


def upgrade() -> None:
    """Create the table of entries; of those that run, none is told any."""
    op.create_table(
        "roadmap_costs",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in _TEXTS),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("reverses", sa.Integer(), nullable=True),
        sa.Column("file", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("run", "number", name="pk_roadmap_costs"),
    )
    op.create_index("ux_roadmap_costs_reference", "roadmap_costs", ["run", "reference"], unique=True)
    op.create_index("ix_roadmap_costs_activity", "roadmap_costs", ["run", "activity"])
    for name in ("cost_entries", "costs_told"):
        op.add_column("roadmap_runs", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Go back to roadmaps that only know what people report."""
    for name in ("cost_entries", "costs_told"):
        op.drop_column("roadmap_runs", name)
    op.drop_table("roadmap_costs")
