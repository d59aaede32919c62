"""The process that does an activity of a roadmap."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep it with the activity; before this there were none."""
    op.add_column("roadmap_steps", sa.Column("process", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    """Forget it; the roadmap's own journal has it still."""
    op.drop_column("roadmap_steps", "process")
