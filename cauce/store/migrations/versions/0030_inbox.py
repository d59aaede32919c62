"""The inbox: one order by urgency, the words of tasks, and the views that people keep."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from cauce.personal import Veil, names_of_form

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_OPEN = sa.text("closed_at IS NULL")
_OVER = sa.text("closed_at IS NOT NULL")
_INBOX = ("urgent_at", "id", "group", "user", "claimed_by", "state", "follow_up_at", "due_at", "form")
_COVERED = ("definition", "severity", "priority", "owner", "closed_at")
_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_tasks = sa.table(
    "tasks",
    *(sa.column(name) for name in ("id", "business_key", "definition", "name", "form", "priority")),
    *(sa.column(name, sa.JSON()) for name in ("title", "data", "form_document")),
    *(sa.column(name, sa.DateTime(timezone=True)) for name in ("created_at", "due_at", "urgent_at", "closed_at")),
)
_texts = sa.table("task_texts", sa.column("task"), sa.column("text"))
# Its content is the other table's, which triggers tell it of.
_SQLITE = (
    "CREATE VIRTUAL TABLE task_search USING fts5(text, content='task_texts', content_rowid='id', prefix='2 3')",
    """CREATE TRIGGER task_texts_put AFTER INSERT ON task_texts BEGIN
        INSERT INTO task_search (rowid, text) VALUES (new.id, new.text); END""",
    """CREATE TRIGGER task_texts_drop AFTER DELETE ON task_texts BEGIN
        INSERT INTO task_search (task_search, rowid, text) VALUES ('delete', old.id, old.text); END""",
)
_POSTGRESQL = (
    """ALTER TABLE task_texts ADD COLUMN words tsvector
        GENERATED ALWAYS AS (array_to_tsvector(string_to_array(text, ' '))) STORED""",
    "CREATE INDEX ix_task_texts_words ON task_texts USING gin (words)",
)


def upgrade() -> None:
    """Add what makes a task urgent, order the open ones by it, and keep the words of these."""
    op.drop_index("ix_tasks_inbox", table_name="tasks")
    op.drop_index("ix_tasks_urgency", table_name="tasks")
    op.drop_column("tasks", "rank")
    op.add_column("tasks", sa.Column("severity", sa.Text(), nullable=True))
    op.add_column("tasks", sa.Column("clocked", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("tasks", sa.Column("value", sa.Double(), nullable=True))
    op.add_column("tasks", sa.Column("leads", _JSON, nullable=False, server_default="[]"))
    op.add_column("tasks", sa.Column("customer", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "task_texts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_task_texts"),
        sa.UniqueConstraint("task", name="uq_task_texts_task"),
        sa.ForeignKeyConstraint(["task"], ["tasks.id"], name="fk_task_texts_task_tasks", ondelete="CASCADE"),
    )
    op.create_table(
        "inbox_views",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("filters", _JSON, nullable=False),
        sa.Column("columns", _JSON, nullable=False),
        sa.Column("standard", sa.Boolean(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_inbox_views"),
        sa.UniqueConstraint("person", "name", name="uq_inbox_views_person_name"),
        sa.ForeignKeyConstraint(["person"], ["users.name"], name="fk_inbox_views_person_users", ondelete="CASCADE"),
    )
    for statement in _POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)
    _sort_open_tasks()
    op.create_index("ix_tasks_inbox", "tasks", [*_INBOX, *_COVERED], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index("ix_tasks_closed", "tasks", ["closed_at", "id"], sqlite_where=_OVER, postgresql_where=_OVER)


def downgrade() -> None:
    """Go back to tasks sorted by when they are due, and then by priority."""
    op.drop_index("ix_tasks_closed", table_name="tasks")
    op.drop_index("ix_tasks_inbox", table_name="tasks")
    op.drop_table("inbox_views")
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE task_search")
    op.drop_table("task_texts")
    for name in ("customer", "leads", "value", "clocked", "severity"):
        op.drop_column("tasks", name)
    op.add_column("tasks", sa.Column("rank", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE tasks SET rank = -priority")
    never = datetime(9999, 12, 31, tzinfo=UTC)
    op.execute(_tasks.update().values(urgent_at=sa.func.coalesce(_tasks.c.due_at, never)))
    for name, first in (("inbox", ["group"]), ("urgency", [])):
        columns = [*first, "urgent_at", "rank", "id"]
        op.create_index(f"ix_tasks_{name}", "tasks", columns, sqlite_where=_OPEN, postgresql_where=_OPEN)


def _sort_open_tasks() -> None:
    """Give the open tasks their place, as those have that are opened from now on, and keep their words."""
    connection = op.get_bind()
    rows = connection.execute(sa.select(_tasks).where(_tasks.c.closed_at.is_(None))).all()
    for row in rows:
        hours = timedelta(hours=16 * row.priority / 100 + 4)
        base = row.due_at or row.created_at + timedelta(days=7_000 * 365)
        update = _tasks.update().where(_tasks.c.id == row.id).values(urgent_at=base - hours)
        connection.execute(update)
        title, data = Veil(names_of_form(row.form_document)).cover(row.title, row.data)
        parts = [*_leaves(title), row.business_key, row.definition, row.name, row.form, *_leaves(data)]
        text = unicodedata.normalize("NFKD", " ".join(parts)[:20_000]).casefold()
        plain = "".join(each for each in text if not unicodedata.combining(each))
        words = dict.fromkeys(each[:60] for each in re.findall(r"[^\W_]+", plain))
        connection.execute(_texts.insert().values(task=row.id, text=" ".join(words)))


def _leaves(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _leaves(each)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
