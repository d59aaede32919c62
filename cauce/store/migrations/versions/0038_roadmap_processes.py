"""The process that does an activity of a roadmap."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Keep it with the activity; before this there were none."""
    op.add_column("roadmap_steps", sa.Column("process", _JSON, nullable=True))


def downgrade() -> None:
    """Forget it; the roadmap's own journal has it still."""
    op.drop_column("roadmap_steps", "process")
