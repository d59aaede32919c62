"""What was refused is kept in one place, can be corrected and sent again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from cauce.store.base import utc_now
from cauce.store.dead_letters import cause_of, without_particulars

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

instant = sa.DateTime(timezone=True)
blobs = sa.table(
    "blobs",
    sa.column("digest", sa.Text),
    sa.column("content", sa.LargeBinary),
    sa.column("size", sa.Integer),
    sa.column("created_at", instant),
)
sent_out = (
    "SELECT r.connection, r.event, r.problem, r.at AS created_at, e.document FROM refused_events r "
    "JOIN events e ON e.id = r.event ORDER BY r.id"
)
started = (
    "SELECT s.definition, s.instance, s.event, s.problem, s.created_at, e.document FROM event_starts s "
    "JOIN events e ON e.id = s.event WHERE s.state = 'refused' ORDER BY s.definition, s.instance, s.event"
)


def upgrade() -> None:
    """Create the table, with what was refused so far."""
    letters = create_letters()
    for row in _rows(sent_out):
        about = {"event": row["event"]}
        _add(letters, "event-sink", row["connection"], row["event"], _json(row["document"]), about, row)
    sets: dict[tuple[str, str], list[sa.RowMapping]] = {}
    for row in _rows(started):
        sets.setdefault((row["definition"], row["instance"]), []).append(row)
    for (definition, instance), rows in sets.items():
        documents = [_json(each["document"]) for each in rows]
        about = {"events": [each["event"] for each in rows], "collected": len(rows) > 1}
        _add(letters, "event-start", definition, rows[0]["event"], documents, about, rows[0], instance)
    op.drop_table("refused_events")


def downgrade() -> None:
    """Go back to refusals that are only noted."""
    op.create_table(
        "refused_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("event", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.ForeignKeyConstraint(["event"], ["events.id"], name="fk_refused_events_event_events", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_refused_events"),
    )
    op.create_index("ix_refused_events_connection", "refused_events", ["connection", "id"])
    op.execute(
        "INSERT INTO refused_events (connection, event, problem, at) SELECT name, CAST(identity AS INTEGER), title, "
        "created_at FROM dead_letters WHERE origin = 'event-sink' AND state = 'open' ORDER BY id"
    )
    op.drop_table("dead_letters")


def create_letters() -> sa.Table:
    """Create the table of dead letters."""
    texts = ("origin", "name", "identity", "operation", "instance", "request")
    made = op.create_table(
        "dead_letters",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        sa.Column("edited", sa.Text(), nullable=True),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("about", sa.JSON(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("cause", "title", "state")),
        sa.Column("attempts", sa.Integer(), nullable=False),
        *(sa.Column(name, instant, nullable=False) for name in ("lease_until", "created_at", "updated_at")),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", instant, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letters"),
        sa.UniqueConstraint("origin", "name", "identity", name="uq_dead_letters_origin_name_identity"),
    )
    op.create_index("ix_dead_letters_state", "dead_letters", ["state", "cause", "id"])
    op.create_index("ix_dead_letters_instance", "dead_letters", ["instance"])
    return made


def _rows(query: str) -> Sequence[sa.RowMapping]:
    return op.get_bind().execute(sa.text(query).columns(created_at=instant)).mappings().all()


def _add(
    letters: sa.Table,
    origin: str,
    name: str,
    event: int,
    request: Any,  # noqa: ANN401 - JSON
    about: Mapping[str, Any],
    row: sa.RowMapping,
    instance: str = "",
) -> None:
    refusal = {"code": "remote" if origin == "event-sink" else "conflict", "problem": row["problem"]}
    values = {
        "origin": origin,
        "name": name,
        "identity": str(event),
        "operation": "",
        "instance": instance,
        "request": _kept(request),
        "wanted": refusal,
        "about": dict(about),
        "cause": cause_of(origin, name, "", refusal),
        "title": without_particulars(row["problem"]),
        "state": "open",
        "attempts": 1,
        "reason": "",
        **dict.fromkeys(("lease_until", "created_at", "updated_at"), row["created_at"]),
    }
    op.execute(sa.insert(letters).values(**values))


def _kept(request: Any) -> str:  # noqa: ANN401 - JSON
    content = json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")
    digest = hashlib.sha256(content).hexdigest()
    bind = op.get_bind()
    if bind.execute(sa.select(blobs.c.size).where(blobs.c.digest == digest)).first() is None:
        bind.execute(blobs.insert().values(digest=digest, content=content, size=len(content), created_at=utc_now()))
    return digest


def _json(value: Any) -> Any:  # noqa: ANN401 - JSON
    return json.loads(value) if isinstance(value, str) else value
