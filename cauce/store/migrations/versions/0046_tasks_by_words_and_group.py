"""Open tasks by their words and group at once, and those that somebody has."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

_HELD = sa.text('closed_at IS NULL AND coalesce(claimed_by, "user") IS NOT NULL')
_INDEX = "CREATE INDEX ix_task_texts_words ON task_texts USING gin (words)"
# The group follows that of the task, whoever changes it. No word that people write has such a mark.
_POSTGRESQL = (
    "ALTER TABLE task_texts DROP COLUMN words",
    "ALTER TABLE task_texts ADD COLUMN of_group text",
    'UPDATE task_texts SET of_group = tasks."group" FROM tasks WHERE tasks.id = task_texts.task',
    """ALTER TABLE task_texts ADD COLUMN words tsvector GENERATED ALWAYS AS (
        array_to_tsvector(string_to_array(text, ' ') || ('@' || coalesce(of_group, '')))) STORED""",
    _INDEX,
    """CREATE FUNCTION group_of_task_text() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        SELECT "group" INTO NEW.of_group FROM tasks WHERE id = NEW.task;
        RETURN NEW;
    END $$""",
    """CREATE TRIGGER task_texts_put BEFORE INSERT ON task_texts
        FOR EACH ROW EXECUTE FUNCTION group_of_task_text()""",
    """CREATE FUNCTION task_text_follows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE task_texts SET of_group = NEW."group" WHERE task = NEW.id;
        RETURN NULL;
    END $$""",
    """CREATE TRIGGER tasks_moved AFTER UPDATE OF "group" ON tasks FOR EACH ROW
        WHEN (OLD."group" IS DISTINCT FROM NEW."group") EXECUTE FUNCTION task_text_follows()""",
)
_POSTGRESQL_BACK = (
    "DROP TRIGGER tasks_moved ON tasks",
    "DROP FUNCTION task_text_follows",
    "DROP TRIGGER task_texts_put ON task_texts",
    "DROP FUNCTION group_of_task_text",
    "ALTER TABLE task_texts DROP COLUMN words",
    "ALTER TABLE task_texts DROP COLUMN of_group",
    """ALTER TABLE task_texts ADD COLUMN words tsvector
        GENERATED ALWAYS AS (array_to_tsvector(string_to_array(text, ' '))) STORED""",
    _INDEX,
)


def upgrade() -> None:
    """Add the index of what is held, and on PostgreSQL the groups to the words."""
    columns = ["claimed_by", "user", "due_at", "group", "form", "definition", "closed_at"]
    op.create_index("ix_tasks_held", "tasks", columns, sqlite_where=_HELD, postgresql_where=_HELD)
    _run(_POSTGRESQL)


def downgrade() -> None:
    """Go back to words alone, and to looking for what is held among all."""
    _run(_POSTGRESQL_BACK)
    op.drop_index("ix_tasks_held", table_name="tasks")


def _run(statements: tuple[str, ...]) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for statement in statements:
            op.execute(statement)
