"""Published definitions: every version of every kind, and which of them is the one to use."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, tuple_, update

from cauce.errors import ConflictError
from cauce.store import schedules, start_rules
from cauce.store.base import JSON, utc_now
from cauce.store.models import Definition
from cauce.store.session import Db
from cauce.store.upsert import changed, insert_new
from schemas.versions import precedence

publication_lock = 0x43_41_55_43_47
# Before the name of a sync where schedules and rules for events have the names of processes, which hold no slash.
SYNC_PREFIX = "sync/"


@dataclass(frozen=True, slots=True)
class NewDefinition:
    """A definition to be published; without a version it gets the next number."""

    kind: str
    name: str
    digest: str
    source: str
    document: JSON
    published_by: str
    namespace: str = ""
    version: str = ""
    bundle: JSON = None


async def add(db: Db, new: NewDefinition) -> tuple[Definition, bool]:
    """Publish a version and return it, with whether it is new; the same document again changes nothing.

    That holds for the bundle too: a version keeps the forms, tables and contracts that it was published with, so that
    republishing a folder in which a form or a connection changed leaves its processes alone.

    Raises ConflictError when the version exists with another document.
    """
    await _one_at_a_time(db)
    newest = await find(db, new.kind, new.namespace, new.name)
    if not new.version and newest and newest.digest == new.digest:
        return newest, False
    version = new.version or await _next_number(db, new)
    identity = {"kind": new.kind, "namespace": new.namespace, "name": new.name, "version": version}
    values = identity | {
        "digest": new.digest,
        "source": new.source,
        "document": new.document,
        "bundle": new.bundle,
        "published_by": new.published_by,
        "published_at": utc_now(),
        "latest": False,
        "active": True,
    }
    added = await insert_new(db, Definition, values)
    if added:
        await _choose_latest(db, new.kind, new.namespace, new.name)
    row = (await db.scalars(select(Definition).filter_by(**identity).execution_options(populate_existing=True))).one()
    if row.document != new.document:
        full_name = f"{new.namespace}.{new.name}" if new.namespace else new.name
        raise ConflictError(
            f"Version {version} of {full_name} is published already, with other content.",
            hint="Raise the version: a published version never changes, because instances run on it.",
        )
    return row, added


async def find(db: Db, kind: str, namespace: str, name: str, version: str | None = None) -> Definition | None:
    """Return a version, or the latest that is active; None when there is none."""
    query = select(Definition).filter_by(kind=kind, namespace=namespace, name=name)
    query = query.where(Definition.latest) if version in {None, "latest"} else query.filter_by(version=version)
    return (await db.scalars(query)).one_or_none()


async def processes(db: Db, wanted: Collection[tuple[str, str, str]]) -> Sequence[Definition]:
    """Return those of these versions of processes that are published; each is (namespace, name, version)."""
    named = tuple_(Definition.namespace, Definition.name, Definition.version).in_(sorted(wanted))
    return (await db.scalars(select(Definition).where(Definition.kind == "process", named))).all()


async def latest(db: Db, kind: str | None = None) -> Sequence[Definition]:
    """Return the latest active version of everything, or of everything of one kind."""
    query = select(Definition).where(Definition.latest)
    query = query if kind is None else query.filter_by(kind=kind)
    return (await db.scalars(query.order_by(Definition.kind, Definition.namespace, Definition.name))).all()


async def latest_but(db: Db, kind: str) -> Sequence[Definition]:
    """Return the latest active version of everything that is not of one kind."""
    query = select(Definition).where(Definition.latest, Definition.kind != kind)
    return (await db.scalars(query.order_by(Definition.kind, Definition.namespace, Definition.name))).all()


async def of_kind(db: Db, kind: str) -> Sequence[Definition]:
    """Return every version of everything of one kind, also those that nothing starts on any more."""
    return (await db.scalars(select(Definition).filter_by(kind=kind).order_by(Definition.id))).all()


async def versions(db: Db, kind: str, namespace: str, name: str) -> list[Definition]:
    """Return all versions, the highest first."""
    rows = await db.scalars(select(Definition).filter_by(kind=kind, namespace=namespace, name=name))
    return sorted(rows, key=lambda row: precedence(row.version), reverse=True)


async def set_active(db: Db, row: Definition, *, active: bool) -> None:
    """Take a version out of use (nothing new starts on it) or put it back."""
    await _one_at_a_time(db)
    await changed(db, update(Definition).where(Definition.id == row.id).values(active=active))
    await _choose_latest(db, row.kind, row.namespace, row.name)
    await db.refresh(row)


async def _one_at_a_time(db: Db) -> None:
    # Two publications of one name must agree on which is the latest; SQLite has one writer anyway.
    if db.get_bind().dialect.name == "postgresql":
        await db.execute(select(func.pg_advisory_xact_lock(publication_lock)))


async def _next_number(db: Db, new: NewDefinition) -> str:
    query = (
        select(func.count()).select_from(Definition).filter_by(kind=new.kind, namespace=new.namespace, name=new.name)
    )
    return str((await db.scalar(query) or 0) + 1)


async def _choose_latest(db: Db, kind: str, namespace: str, name: str) -> None:
    family = {"kind": kind, "namespace": namespace, "name": name}
    query = select(Definition.id, Definition.version, Definition.active, Definition.latest).filter_by(**family)
    rows = (await db.execute(query)).all()
    best = max((row for row in rows if row.active), key=lambda row: precedence(row.version), default=None)
    for row in rows:
        if row.latest and row is not best:
            await changed(db, update(Definition).where(Definition.id == row.id).values(latest=False))
    if best is not None and not best.latest:
        await changed(db, update(Definition).where(Definition.id == best.id).values(latest=True))
    if kind == "process":
        await _follow_latest(db, namespace, name)
    elif kind == "sync":
        await _follow_sync(db, name)


async def _follow_latest(db: Db, namespace: str, name: str) -> None:
    """Let what starts a process be what its latest version says, in the transaction that makes it the latest."""
    latest = await find(db, "process", namespace, name)
    version, digest, document = (latest.version, latest.digest, latest.document) if latest else ("", "", None)
    await schedules.follow(db, f"{namespace}.{name}", version, digest, document)
    await start_rules.follow(db, f"{namespace}.{name}", document)


async def _follow_sync(db: Db, name: str) -> None:
    latest = await find(db, "sync", "", name)
    version, digest, document = (latest.version, latest.digest, latest.document) if latest else ("", "", {})
    await schedules.follow(db, f"{SYNC_PREFIX}{name}", version, digest, document)
    wanted = (document.get("schedule") or {}).get("on")
    rule = {"schedule": {"on": {"one": {"with": wanted}}}} if wanted else None
    await start_rules.follow(db, f"{SYNC_PREFIX}{name}", rule)
