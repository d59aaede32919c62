"""Events that go out to other systems."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables of what goes where."""
    op.create_table(
        "event_sinks",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("next_at", instant, nullable=False),
        sa.Column("lease_until", instant, nullable=False),
        sa.PrimaryKeyConstraint("connection", name="pk_event_sinks"),
    )
    op.create_table(
        "refused_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("event", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.ForeignKeyConstraint(["event"], ["events.id"], name="fk_refused_events_event_events", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_refused_events"),
    )
    op.create_index("ix_refused_events_connection", "refused_events", ["connection", "id"])


def downgrade() -> None:
    """Go back to events that stay here."""
    for table in ("refused_events", "event_sinks"):
        op.drop_table(table)
