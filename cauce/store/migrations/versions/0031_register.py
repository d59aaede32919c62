"""The register of a roll-out: requirements, vendors, changes, inspections, and every state they were in."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the register and its steps."""
    op.create_table(
        "register_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("roadmap", "kind", "code", "title", "state")),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("opened_at", instant, nullable=False),
        sa.Column("changed_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_register_entries"),
        sa.UniqueConstraint("roadmap", "kind", "code", name="uq_register_entries_roadmap_kind_code"),
    )
    op.create_index("ix_register_entries_kind", "register_entries", ["roadmap", "kind", "changed_at"])
    op.create_table(
        "register_steps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("reference", "state", "by")),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_register_steps"),
        sa.UniqueConstraint("reference", name="uq_register_steps_reference"),
        sa.ForeignKeyConstraint(
            ["entry"], ["register_entries.id"], name="fk_register_steps_entry_register_entries", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_register_steps_entry", "register_steps", ["entry", "id"])


def downgrade() -> None:
    """Go back to roll-outs that remember nothing."""
    op.drop_table("register_steps")
    op.drop_table("register_entries")
