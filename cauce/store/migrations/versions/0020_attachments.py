"""Files that people attach to tasks, and what look-ups last answered."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table of files, and that of answers."""
    op.create_table(
        "attachments",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("instance", "task", "digest", "name", "type")),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attachments"),
        sa.UniqueConstraint("instance", "task", "digest", name="uq_attachments_instance_task_digest"),
    )
    op.create_index("ix_attachments_instance", "attachments", ["instance", "digest"])
    op.create_table(
        "lookups",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("at", instant, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_lookups"),
    )
    op.create_index("ix_lookups_at", "lookups", ["at"])


def downgrade() -> None:
    """Go back to tasks without files."""
    op.drop_table("lookups")
    op.drop_table("attachments")
