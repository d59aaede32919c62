"""Which attached files are known to be used, and of which sub-process they are.

What is not known to be used is looked for and, when no answer names it, removed after a while.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_UNSURE = sa.text("task != '' AND NOT kept")


def upgrade() -> None:
    """Say of no file yet that it is used: whoever looks for the others finds that out."""
    op.add_column("attachments", sa.Column("kept", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_attachments_digest", "attachments", ["digest"])
    for table in ("attachments", "tasks"):
        op.add_column(table, sa.Column("ancestors", _JSON, nullable=False, server_default="[]"))
    op.create_index("ix_attachments_unsure", "attachments", ["id"], sqlite_where=_UNSURE, postgresql_where=_UNSURE)


def downgrade() -> None:
    """Forget which files are used, and whose sub-processes things are of."""
    op.drop_index("ix_attachments_unsure", table_name="attachments")
    for table in ("attachments", "tasks"):
        op.drop_column(table, "ancestors")
    op.drop_index("ix_attachments_digest", table_name="attachments")
    op.drop_column("attachments", "kept")
