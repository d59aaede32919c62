"""Clocks of instances: by when something is due, and whether it was missed."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table of clocks."""
    op.create_table(
        "clocks",
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("id", "instance", "definition", "version", "business_key", "name", "state", "reason")
        ),
        sa.Column("severity", sa.Text(), nullable=True),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("title", "target", "pauses", "steps", "acted")),
        *(sa.Column(name, instant, nullable=False) for name in ("started_at", "due_at")),
        *(sa.Column(name, instant, nullable=True) for name in ("paused_until", "breached_at", "stopped_at")),
        sa.PrimaryKeyConstraint("id", name="pk_clocks"),
    )
    op.create_index("ix_clocks_instance", "clocks", ["instance"])
    running = sa.text("stopped_at IS NULL")
    op.create_index("ix_clocks_due", "clocks", ["due_at", "id"], sqlite_where=running, postgresql_where=running)


def downgrade() -> None:
    """Go back to instances that have no clocks."""
    op.drop_table("clocks")
