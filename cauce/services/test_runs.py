"""Tests of definitions as the hub keeps them: what they came to on which content, and by whom it was told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from cauce.errors import InputError
from cauce.services import definitions
from cauce.services.hub import Actor, Hub, Role
from cauce.store import audit, test_runs
from cauce.store.models import TestRun
from cauce.store.test_runs import NewRun

JSON = Any
keepers: Final[tuple[Role, ...]] = ("designer", "integrator")
most_failures: Final = 20
_MOST_TEXT: Final = 500


@dataclass(frozen=True, slots=True)
class TestRunView:
    """What all tests of a process came to; `published` says whether it was exactly what is published now."""

    __test__ = False

    definition: str
    version: str
    digest: str
    cases_digest: str
    cases: int
    failed: int
    failures: list[JSON]
    by: str
    at: datetime
    published: bool


async def keep(hub: Hub, actor: Actor, runs: Sequence[NewRun]) -> list[TestRunView]:
    """Keep what tests came to; only the content that they were run on counts, not its version.

    Raises:
        InputError: More cases failed than there were.
    """
    actor.require("keep what tests came to", *keepers)
    kept = []
    async with hub.store.transaction() as db:
        for run in runs:
            if not 0 <= run.failed <= run.cases:
                raise InputError("More cases failed than there were.", hint="Look at the numbers.")
            failures = [
                {"case": str(each["case"])[:_MOST_TEXT], "problem": str(each["problem"])[:_MOST_TEXT]}
                for each in run.failures[:most_failures]
            ]
            kept.append(await test_runs.add(db, replace(run, failures=failures), actor.name))
            said = {"version": run.version, "digest": run.digest, "cases": run.cases, "failed": run.failed}
            await audit.append(db, actor.name, "definition.test", run.definition, said)
        current = {each.definition: each.run for run in runs for each in await test_runs.tested(db, run.definition)}
        return [_view(row, current.get(row.definition)) for row in kept]


async def runs_of(hub: Hub, actor: Actor, name: str) -> list[TestRunView]:
    """Return the last runs of the tests of a process, the newest first; raises `NotFoundError`."""
    found = await definitions.shown(hub, actor, name, kind="process")
    async with hub.store.read() as db:
        tested = {each.definition: each.run for each in await test_runs.tested(db, found.full_name)}
        rows = await test_runs.of_definition(db, found.full_name)
    return [_view(row, tested.get(row.definition)) for row in rows]


def _view(row: TestRun, current: TestRun | None) -> TestRunView:
    names = [name for name in TestRunView.__dataclass_fields__ if name != "published"]
    published = current is not None and row.digest == current.digest
    return TestRunView(**{name: getattr(row, name) for name in names}, published=published)
