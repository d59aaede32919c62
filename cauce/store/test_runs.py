"""What tests of processes came to, and which processes are green exactly as they are published now."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from sqlalchemy import func, select

from cauce.store import definitions
from cauce.store.base import JSON
from cauce.store.models import Definition, TestRun
from cauce.store.session import Db


@dataclass(frozen=True, slots=True)
class NewRun:
    """All tests of a process, run: `failures` are {case, problem} of those that failed."""

    definition: str
    version: str
    digest: str
    cases_digest: str
    cases: int
    failed: int
    failures: Sequence[JSON] = field(default=())


@dataclass(frozen=True, slots=True)
class Tested:
    """A process as it is published now, and the last run of its tests on exactly that, if there was any."""

    definition: str
    version: str
    run: TestRun | None

    @property
    def green(self) -> bool:
        """Whether all cases passed, and there is one."""
        return self.run is not None and self.run.cases > 0 and self.run.failed == 0


async def add(db: Db, new: NewRun, by: str) -> TestRun:
    """Keep what tests came to."""
    row = TestRun(**asdict(new) | {"failures": list(new.failures)}, by=by)
    db.add(row)
    await db.flush()
    return row


async def of_definition(db: Db, name: str, limit: int = 10) -> Sequence[TestRun]:
    """Return the last runs of a process, whatever its content was, the newest first."""
    query = select(TestRun).where(TestRun.definition == name).order_by(TestRun.id.desc()).limit(limit)
    return (await db.scalars(query)).all()


async def tested(db: Db, of: str) -> list[Tested]:
    """Return how a process is tested, or all those of a namespace, or all there are without a name."""
    latest = await definitions.latest(db, "process")
    found = [row for row in latest if not of or of in (full_name(row), row.name, row.namespace)]
    exact = [row for row in found if full_name(row) == of]
    return [Tested(full_name(row), row.version, await _last(db, row)) for row in exact or found]


def full_name(row: Definition) -> str:
    """Return under which name tests know a process."""
    return f"{row.namespace}.{row.name}"


async def _last(db: Db, row: Definition) -> TestRun | None:
    newest = select(func.max(TestRun.id)).where(TestRun.definition == full_name(row), TestRun.digest == row.digest)
    return (await db.scalars(select(TestRun).where(TestRun.id == newest.scalar_subquery()))).one_or_none()
