"""What people are told in the hub."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of notifications, and of how people want to hear of them."""
    op.create_table(
        "notifications",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["users.name"], name="fk_notifications_person_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_notifications"),
    )
    op.create_index("ix_notifications_person", "notifications", ["person", "at", "id"])
    op.create_index("ix_notifications_mail", "notifications", ["mail", "at"])
    op.create_table(
        "notification_choices",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("mail", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"], ["users.name"], name="fk_notification_choices_person_users", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person", name="pk_notification_choices"),
    )


def downgrade() -> None:
    """Go back to a hub that tells nobody anything."""
    op.drop_table("notification_choices")
    op.drop_table("notifications")
