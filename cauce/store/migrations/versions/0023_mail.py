"""Mail for what people are told: chosen by kind, and every mail kept until it is sent."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_KINDS = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Give notifications a kind and the letter that has them; choices are by kind."""
    with op.batch_alter_table("notifications") as table:
        table.add_column(sa.Column("kind", sa.Text(), nullable=False, server_default="told"))
        table.add_column(sa.Column("letter", sa.Text(), nullable=True))
    op.create_index("ix_notifications_letter", "notifications", ["letter"])
    with op.batch_alter_table("notification_choices") as table:
        table.drop_column("mail")
        table.add_column(sa.Column("kinds", _KINDS, nullable=False, server_default="{}"))
    op.create_table(
        "letters",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("digest", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["users.name"], name="fk_letters_person_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_letters"),
    )
    op.create_index("ix_letters_state", "letters", ["state", "begun_at"])


def downgrade() -> None:
    """Go back to notifications that nobody mails."""
    op.drop_table("letters")
    with op.batch_alter_table("notification_choices") as table:
        table.drop_column("kinds")
        table.add_column(sa.Column("mail", sa.Text(), nullable=False, server_default=""))
    op.drop_index("ix_notifications_letter", "notifications")
    with op.batch_alter_table("notifications") as table:
        table.drop_column("letter")
        table.drop_column("kind")
