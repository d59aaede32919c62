"""Events are delivered: who emitted them, who listens, and what was used up."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

instant = sa.DateTime(timezone=True)
document = sa.JSON()
unrouted = sa.text("routed_at IS NULL")
long_ago = sa.text("'1970-01-01 00:00:00.000000'")


def upgrade() -> None:
    """Add what delivery needs; events that are in the log already were delivered when they came."""
    # With a default, because rows that are there need a value, and SQLite could change the column later only by copying
    # the table, which would take the rows that refer to it along.
    op.add_column("events", sa.Column("instance", sa.Text(), nullable=True))
    op.add_column("events", sa.Column("lease_until", instant, nullable=False, server_default=long_ago))
    op.add_column("events", sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("events", sa.Column("routed_at", instant, nullable=True))
    op.execute("UPDATE events SET lease_until = received_at, routed_at = received_at")
    op.create_index("ix_events_instance", "events", ["instance", "id"])
    op.create_index(
        "ix_events_unrouted", "events", ["lease_until", "id"], sqlite_where=unrouted, postgresql_where=unrouted
    )
    create_subscriptions()


def create_subscriptions() -> None:
    """Create the tables of who listens to what, and of what was used up."""
    op.create_table(
        "event_subscriptions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("filter", document, nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event_subscriptions"),
        sa.UniqueConstraint("token", "number", name="uq_event_subscriptions_token_number"),
    )
    op.create_index("ix_event_subscriptions_route", "event_subscriptions", ["type", "source", "key", "id"])
    op.create_index("ix_event_subscriptions_instance", "event_subscriptions", ["instance"])
    op.create_table(
        "event_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("expression", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event_keys"),
        sa.UniqueConstraint("type", "digest", name="uq_event_keys_type_digest"),
    )
    op.create_table(
        "event_consumptions",
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("event", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event"], ["events.id"], name="fk_event_consumptions_event_events", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("instance", "event", name="pk_event_consumptions"),
    )


def downgrade() -> None:
    """Go back to events that are only logged."""
    for table in ("event_consumptions", "event_keys", "event_subscriptions"):
        op.drop_table(table)
    for index in ("ix_events_unrouted", "ix_events_instance"):
        op.drop_index(index, table_name="events")
    for column in ("routed_at", "attempts", "lease_until", "instance"):
        op.drop_column("events", column)
