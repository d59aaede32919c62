"""Roadmaps that run: how they are, their events, and what was decided on which evidence."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_DOCUMENT = sa.JSON(none_as_null=True)


def upgrade() -> None:
    """Create the tables of running roadmaps."""
    op.create_table(
        "roadmap_runs",
        sa.Column("id", sa.Text(), nullable=False),
        *_texts("roadmap", "key", "version", "state", "light", "phase", "planner", "sponsor", "by"),
        sa.Column("title", _DOCUMENT, nullable=False),
        *(sa.Column(name, sa.Date(), nullable=False) for name in ("start", "finish", "baseline_finish")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("done", "steps", "event")),
        *(sa.Column(name, _DOCUMENT, nullable=False) for name in ("risks", "owners")),
        sa.Column("begun_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_roadmap_runs"),
    )
    op.create_index("ix_roadmap_runs_state", "roadmap_runs", ["state", "roadmap"])
    op.create_table(
        "roadmap_steps",
        *_texts("run", "id", "kind", "phase", "wave", "pillar", "owner", "state", "budget", "spent"),
        sa.Column("place", sa.Integer(), nullable=False),
        *(sa.Column(name, _DOCUMENT, nullable=False) for name in ("title", "approvers")),
        *(sa.Column(name, sa.Date(), nullable=True) for name in ("start", "finish", "started", "finished")),
        *(sa.Column(name, sa.Date(), nullable=True) for name in ("baseline_start", "baseline_finish")),
        sa.Column("total_float", sa.Integer(), nullable=False),
        sa.Column("critical", sa.Boolean(), nullable=False),
        sa.Column("percent", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("run", "id", name="pk_roadmap_steps"),
    )
    _create_numbered()


def downgrade() -> None:
    """Go back to a hub whose roadmaps are only planned."""
    for name in ("roadmap_baselines", "roadmap_decisions", "roadmap_events", "roadmap_steps", "roadmap_runs"):
        op.drop_table(name)


def _create_numbered() -> None:
    op.create_table(
        "roadmap_events",
        *_numbered("kind", "by", "about"),
        sa.Column("data", _DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("run", "number", name="pk_roadmap_events"),
    )
    op.create_table(
        "roadmap_decisions",
        *_numbered("gate", "outcome", "by"),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("evidence", _DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("run", "number", name="pk_roadmap_decisions"),
    )
    op.create_table(
        "roadmap_baselines",
        *_numbered("by", "reason", "budget"),
        sa.Column("finish", sa.Date(), nullable=False),
        sa.Column("plan", _DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("run", "number", name="pk_roadmap_baselines"),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _numbered(*texts: str) -> list[sa.Column[object]]:
    first = [sa.Column("run", sa.Text(), nullable=False), sa.Column("number", sa.Integer(), nullable=False)]
    return [*first, sa.Column("at", _MOMENT, nullable=False), *_texts(*texts)]  # type: ignore[list-item]  # columns all, of several types
