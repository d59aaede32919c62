"""What the processes of a roll-out have noted in the register of a roadmap, as its page shows it."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cauce.roadmaps import run_name
from cauce.services.hub import Hub
from cauce.services.roadmaps import register_facts
from cauce.services.roadmaps.standing import Standing
from cauce.store import register

most_entries: Final = 1_000
most_shown: Final = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing of the register as it is now."""

    code: str
    title: str
    state: str
    changed_at: datetime


@dataclass(slots=True)
class Kind:
    """All of one kind: how many are in each state, and those that changed last."""

    name: str
    states: Counter[str] = field(default_factory=Counter)
    entries: list[Entry] = field(default_factory=list)


async def kinds(hub: Hub, standing: Standing) -> list[Kind]:
    """Return what was noted, by kind; of the thousand entries that changed last, the last fifty of each are shown."""
    run, found = standing.detail.run, dict[str, Kind]()
    async with hub.store.read() as db:
        for row in await register.entries(db, run_name(run.roadmap, run.key), limit=most_entries):
            kind = found.setdefault(row.kind, Kind(row.kind))
            kind.states[row.state] += 1
            if len(kind.entries) < most_shown:
                kind.entries.append(Entry(row.code, row.title, row.state, row.changed_at))
    return sorted(found.values(), key=lambda each: each.name)


async def figures(hub: Hub, standing: Standing) -> dict[str, float]:
    """Return the figures that gates and risks ask the register for, by name."""
    run = standing.detail.run
    return dict(sorted((await register_facts.figures(hub, run_name(run.roadmap, run.key))).items()))
