"""Why the schedules of a process rest although nobody paused them."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let nothing rest until a worker has looked."""
    op.add_column("schedules", sa.Column("waits_for", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Let schedules rest only when somebody has paused them."""
    op.drop_column("schedules", "waits_for")
