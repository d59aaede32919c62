"""What a roadmap remembers that has ended is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; of those that have ended before, their workflows are asked as long as Temporal has them."""
    op.create_table(
        "roadmap_journals",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("journal", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("run", name="pk_roadmap_journals"),
    )


def downgrade() -> None:
    """Remove it again."""
    op.drop_table("roadmap_journals")
