"""What Alembic runs around the migrations."""

from alembic import context
from sqlalchemy import Connection

from cauce.store.models import Task


def run(connection: Connection) -> None:
    """Run the migrations inside the transaction that the caller began."""
    context.configure(
        connection=connection,
        target_metadata=Task.metadata,
        render_as_batch=True,  # SQLite changes a column by copying its table
        transactional_ddl=True,
        compare_type=True,
    )
    context.run_migrations()


run(context.config.attributes["connection"])
