"""Processes that start by events, found by an index."""

import json

import sqlalchemy as sa
from alembic import op

from cauce.store.start_rules import rows_of

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables of what starts by events, with what the processes there are ask for."""
    rules = op.create_table(
        "start_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("filter", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_start_rules"),
        sa.UniqueConstraint("definition", "number", name="uq_start_rules_definition_number"),
    )
    op.create_index("ix_start_rules_route", "start_rules", ["type", "source"])
    op.create_table(
        "event_sets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("known", sa.JSON(), nullable=False),
        sa.Column("slots", sa.JSON(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("opened_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event_sets"),
    )
    op.create_index("ix_event_sets_open", "event_sets", ["definition", "state", "key"])
    query = "SELECT namespace, name, document FROM definitions WHERE kind = 'process' AND latest"
    for namespace, name, text in op.get_bind().execute(sa.text(query)).all():
        document = json.loads(text) if isinstance(text, str) else text
        on = (document.get("schedule") or {}).get("on")
        if on:
            op.bulk_insert(rules, rows_of(f"{namespace}.{name}", on))


def downgrade() -> None:
    """Go back to rules that are read from the definitions each time."""
    for table in ("event_sets", "start_rules"):
        op.drop_table(table)
