"""Rows that are kept the same in two systems."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables of syncs."""
    create_runs()
    create_references()


def create_runs() -> None:
    """Create what says where each sync stands, and what its runs did."""
    op.create_table(
        "sync_states",
        sa.Column("sync", sa.Text(), nullable=False),
        sa.Column("cursor", sa.JSON(), nullable=True),
        sa.Column("columns", sa.JSON(), nullable=True),
        sa.Column("full_at", instant, nullable=True),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("sync", name="pk_sync_states"),
    )
    op.create_table(
        "sync_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("sync", "version", "mode", "by", "state")),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("step", "read", "written", "unchanged", "rejected", "deleted")
        ),
        sa.Column("started_at", instant, nullable=False),
        sa.Column("updated_at", instant, nullable=False),
        sa.Column("ended_at", instant, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sync_runs"),
    )
    op.create_index("ix_sync_runs_sync", "sync_runs", ["sync", "id"])


def create_references() -> None:
    """Create what says which row of one system is which row of another."""
    op.create_table(
        "cross_references",
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("sync", "source_id", "source_system", "target_system", "target_id", "digest")
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("updated_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("sync", "source_id", name="pk_cross_references"),
    )
    op.create_index("ix_cross_references_source", "cross_references", ["source_system", "source_id"])
    op.create_index("ix_cross_references_target", "cross_references", ["target_system", "target_id"])
    op.create_index("ix_cross_references_seen", "cross_references", ["sync", "state", "seen"])


def downgrade() -> None:
    """Go back to systems that nobody keeps the same."""
    for table in ("cross_references", "sync_runs", "sync_states"):
        op.drop_table(table)
