"""What people have filled in of forms that start processes, and not sent yet."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; nobody has typed anything yet."""
    op.create_table(
        "start_drafts",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("definition", "person", "key", "form_digest")),
        sa.Column("content", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("definition", "person", name="pk_start_drafts"),
    )


def downgrade() -> None:
    """Go back to a hub that forgets what is not sent."""
    op.drop_table("start_drafts")
