"""What gates ask of the running system: one question, one answer, with what was asked and when."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from temporalio import activity

from cauce.errors import CauceError
from cauce.evidence_words import worded
from cauce.roadmaps import ROADMAP_EVIDENCE, ROADMAP_METRICS, AskEvidence, AskMetrics
from cauce.services.certification import implemented
from cauce.services.hub import Hub
from cauce.services.roadmaps import register_facts
from cauce.services.roadmaps.register_facts import REGISTER_FACTS
from cauce.store import dead_letters, definitions, reconciliations, syncs, test_runs
from cauce.store.base import utc_now
from cauce.store.dead_letters import Filters
from workflows.roadmap import risks

JSON = Any
Measured = tuple[float | bool | None, dict[str, JSON]]
"""The value that was found (None: there is none) and, in a sentence, what that means."""


async def answer(
    hub: Hub, fact: str, of: str, limits: Mapping[str, float], *, roadmap: str = "", at: datetime | None = None
) -> dict[str, JSON]:
    """Return whether a fact holds: {holds, value, asked, at, text, code, values}; what cannot be known does not.

    A number holds within `least` and `most`, where they are given; a yes or no holds when it is yes. What only a
    register can tell is asked of that of the `roadmap`. Without `at` it is asked for now.
    """
    ask, noted = _FACTS.get(fact), REGISTER_FACTS.get(fact)
    asked = f"{fact} of {of}" if of else fact
    at = at or utc_now()
    try:
        if noted:
            value, words = await noted(hub, roadmap, of, at)
        else:
            value, words = await ask(hub, of, at) if ask else (None, worded("not-measured", fact=fact))
    except CauceError as error:
        value, words = None, worded("not-reckoned", reason=error.problem)
    limits = limits or _LIMITS.get(fact, {})
    return {"holds": _holds(value, limits), "value": value, "asked": asked, "at": at.isoformat(), **words}


# What a number has to be where a gate says nothing.
_LIMITS: Final[Mapping[str, Mapping[str, float]]] = {"reconciliation": {"most": 0}}


async def measured(hub: Hub, roadmap: str, wanted: Sequence[Mapping[str, str]]) -> dict[str, float]:
    """Return the figures that the hub has of those that are wanted: facts by their names, others from the register.

    A yes is 1 and a no 0.
    """
    found: dict[str, float] = {}
    figures = await register_facts.figures(hub, roadmap)
    for each in wanted:
        metric, of = each["metric"], each.get("of", "")
        value = figures.get(metric)
        if metric in _FACTS or metric in REGISTER_FACTS:
            value = (await answer(hub, metric, of, {}, roadmap=roadmap))["value"]
        if value is not None:
            found[risks.label(each)] = float(value)
    return found


class EvidenceActivities:
    """The activities behind evidence of gates and triggers of risks; they read and change nothing."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    @activity.defn(name=ROADMAP_EVIDENCE)
    async def roadmap_evidence(self, wanted: AskEvidence) -> JSON:
        """Answer one question of a gate."""
        at = datetime.fromisoformat(wanted.at) if wanted.at else None
        return await answer(self.hub, wanted.fact, wanted.of, wanted.limits, roadmap=wanted.roadmap, at=at)

    @activity.defn(name=ROADMAP_METRICS)
    async def roadmap_metrics(self, wanted: AskMetrics) -> dict[str, float]:
        """Answer what risks and stop criteria watch."""
        return await measured(self.hub, wanted.roadmap, wanted.wanted)


def _holds(value: JSON, limits: Mapping[str, float]) -> bool:
    if value is None:
        return False
    if isinstance(value, bool):
        return value
    found = float(value)
    return limits.get("least", found) <= found <= limits.get("most", found)


async def _certified(hub: Hub, of: str, at: datetime) -> Measured:
    del at  # a certificate is of a version, not of a moment
    async with hub.store.read() as db:
        row = await definitions.find(db, "connection", "", of)
        found = (await implemented(db, [row])).get(of, ()) if row is not None else ()
    if row is None:
        return None, worded("no-connection", of=of)
    missing = [each.capability for each in found if each.state != "certified"]
    if not found:
        return False, worded("nothing-to-certify", of=of)
    words = worded("not-certified", of=of, missing=missing) if missing else worded("certified", of=of)
    return not missing, words


async def _dead_letters(hub: Hub, of: str, at: datetime) -> Measured:
    del at  # what is open now
    async with hub.store.read() as db:
        count = await dead_letters.count(db, Filters(state="open", name=of or None))
    words = worded("dead-letters-of", count=count, of=of) if of else worded("dead-letters", count=count)
    return float(count), words


async def _sync_lag(hub: Hub, of: str, at: datetime) -> Measured:
    """Return the hours since a sync last ran to its end."""
    async with hub.store.read() as db:
        last = (await syncs.last_runs(db, "done")).get(of)
    if last is None or last.ended_at is None:
        return None, worded("sync-never", of=of)
    hours = round((at - last.ended_at).total_seconds() / 3600, 2)
    return hours, worded("sync-ended", of=of, hours=hours)


async def _tests_green(hub: Hub, of: str, at: datetime) -> Measured:
    """Return whether tests of a process, a namespace or everything are green on exactly what is published."""
    del at  # a run is of a content, not of a moment
    async with hub.store.read() as db:
        found = await test_runs.tested(db, of)
    if not found:
        return None, worded("tests-nothing", of=of or "*")
    missing = [f"{each.definition} {each.version}" for each in found if each.run is None]
    red = [f"{each.definition} {each.version}" for each in found if each.run is not None and not each.green]
    if red or missing:
        return False, worded("tests-red", names=red) if red else worded("tests-not-run", names=missing)
    runs = [each.run for each in found if each.run is not None]
    names = [f"{each.definition} {each.version}" for each in found]
    day = min(run.at for run in runs).date().isoformat()
    return True, worded("tests-green", names=names, cases=sum(run.cases for run in runs), day=day)


async def _reconciliation(hub: Hub, of: str, at: datetime) -> Measured:
    """Return how many rows of the two sides of a sync differed when they were compared last, if that still counts."""
    async with hub.store.read() as db:
        row = await reconciliations.last(db, of)
        published = await definitions.find(db, "sync", "", of)
    if row is None or published is None:
        return None, worded("not-reconciled", of=of)
    if row.version != published.version:
        return None, worded("reconciled-before", of=of, version=row.version, now=published.version)
    hours = round((at - row.at).total_seconds() / 3600, 2)
    if hours > reconciliations.counts_h:
        return None, worded("reconciled-long-ago", of=of, hours=hours, most=reconciliations.counts_h)
    found = {"differences": row.differences, "source": row.source, "target": row.target}
    return float(row.differences), worded("reconciled", of=of, hours=hours, **found)


_FACTS: Final[Mapping[str, Callable[[Hub, str, datetime], Awaitable[Measured]]]] = {
    "certified": _certified,
    "dead-letters": _dead_letters,
    "reconciliation": _reconciliation,
    "sync-lag": _sync_lag,
    "tests-green": _tests_green,
}
