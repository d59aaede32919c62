"""The register of a roll-out is that of one run of a roadmap, not of all that go by its name."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

entries = sa.table("register_entries", sa.column("roadmap", sa.Text()))
runs = sa.table(
    "roadmap_runs",
    *(sa.column(name, sa.Text()) for name in ("roadmap", "key")),
    sa.column("begun_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    """Give what was noted under the name of a roadmap to the run of it that was begun last."""
    for roadmap, key in _last_runs():
        _rename(roadmap, f"{roadmap}/{key}")


def downgrade() -> None:
    """Give the name back to what the run noted that was begun last; that of others stays under theirs."""
    for roadmap, key in _last_runs():
        _rename(f"{roadmap}/{key}", roadmap)


def _last_runs() -> list[tuple[str, str]]:
    query = sa.select(runs.c.roadmap, runs.c.key).order_by(runs.c.begun_at)
    last = {row.roadmap: row.key for row in op.get_bind().execute(query)}
    return list(last.items())


def _rename(before: str, now: str) -> None:
    op.execute(sa.update(entries).where(entries.c.roadmap == before).values(roadmap=now))
