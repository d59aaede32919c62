"""What people can do, when they are away, whose turn it is, and why a task went to whom."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

names = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables of profiles, absences and rotas, and the column of reasons."""
    op.create_table(
        "person_profiles",
        sa.Column("user", sa.Text(), nullable=False),
        *(sa.Column(name, names, nullable=False) for name in ("skills", "languages", "territories")),
        sa.Column("capacity", sa.Double(), nullable=False),
        sa.Column("updated_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("user", name="pk_person_profiles"),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name="fk_person_profiles_user_users", ondelete="CASCADE"),
    )
    op.create_table(
        "rotas",
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("last", sa.Text(), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("pool", name="pk_rotas"),
    )
    create_absences()
    op.add_column("tasks", sa.Column("assignment", sa.JSON(none_as_null=True), nullable=True))
    op.create_index("ix_tasks_case", "tasks", ["business_key", "definition", "name"])


def create_absences() -> None:
    """Create the table of absences."""
    op.create_table(
        "absences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("begins", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("substitute", "group", "form")),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("entered_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_absences"),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name="fk_absences_user_users", ondelete="CASCADE"),
    )
    op.create_index("ix_absences_ends", "absences", ["ends"])
    op.create_index("ix_absences_user", "absences", ["user", "ends"])


def downgrade() -> None:
    """Go back to tasks that are for whoever the process names."""
    op.drop_index("ix_tasks_case", "tasks")
    op.drop_column("tasks", "assignment")
    for table in ("absences", "rotas", "person_profiles"):
        op.drop_table(table)
