"""How many clocks were met: by clock, severity and the month in which they were started."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from statistics import median, quantiles
from typing import Any, Final

from cauce import spreadsheets
from cauce.absence import local_day
from cauce.errors import InputError
from cauce.services.clocks import overseers
from cauce.services.hub import Actor, Hub
from cauce.store import clocks
from cauce.store.base import utc_now
from cauce.store.clocks import Run

JSON = Any
usual_months: Final = 12
most_months: Final = 60
_YEAR: Final = 12
_TENTHS: Final = 10
_HEAD: Final = "month clock severity started met missed open share median_s p90_s"


@dataclass(frozen=True, slots=True)
class Attained:
    """What became of the clocks of one name and severity that were started in a month.

    `share` is what was met of what is known; open and past due is missed already. `median_s` and `p90_s` are of the
    time that counts, without pauses, of those that were stopped.
    """

    month: date
    clock: str
    title: JSON
    severity: str
    started: int
    met: int
    missed: int
    open: int
    share: float | None
    median_s: int | None
    p90_s: int | None


@dataclass(slots=True)
class _Count:
    title: JSON = None
    started: int = 0
    met: int = 0
    missed: int = 0
    used: list[int] = field(default_factory=list)


async def report(
    hub: Hub,
    actor: Actor,
    *,
    months: int = usual_months,
    clock: str | None = None,
    definition: str | None = None,
) -> list[Attained]:
    """Return what became of the clocks of this month and those before it, the newest month first."""
    actor.require("see which deadlines are missed", *overseers)
    if not 1 <= months <= most_months:
        raise InputError(f"A report is about 1 to {most_months} months.", hint="Ask for fewer.")
    now = utc_now()
    since = datetime.combine(_months_before(local_day(now), months - 1), time.min).astimezone()
    async with hub.store.read() as db:
        started = clocks.started_since(db, since, clock=clock, definition=definition, sight=actor.sight)
        return _counted([each async for each in started], now)


def _counted(started: Iterable[Run], now: datetime) -> list[Attained]:
    counts: dict[tuple[date, str, str], _Count] = defaultdict(_Count)
    for each in started:
        one = counts[local_day(each.started_at).replace(day=1), each.clock, each.severity]
        one.title = each.title
        one.started += 1
        if each.breached_at is not None or (each.stopped_at is None and each.due_at < now):
            one.missed += 1
        elif each.stopped_at is not None:
            one.met += 1
        if each.used_s is not None:
            one.used.append(each.used_s)
    found = [_attained(month, name, severity, one) for (month, name, severity), one in counts.items()]
    return sorted(found, key=lambda each: (-each.month.toordinal(), each.clock, each.severity))


def _attained(month: date, name: str, severity: str, one: _Count) -> Attained:
    known = one.met + one.missed
    return Attained(
        month=month,
        clock=name,
        title=one.title,
        severity=severity,
        started=one.started,
        met=one.met,
        missed=one.missed,
        open=one.started - known,
        share=round(one.met / known, 4) if known else None,
        median_s=round(median(one.used)) if one.used else None,
        p90_s=_ninth_of_ten(one.used),
    )


def _ninth_of_ten(used: Sequence[int]) -> int | None:
    if len(used) <= 1:
        return used[0] if used else None
    return round(quantiles(used, n=_TENTHS, method="inclusive")[-1])


def _months_before(day: date, months: int) -> date:
    """Return the first day of the month that was so many months before."""
    year, month = divmod(day.year * _YEAR + day.month - 1 - months, _YEAR)
    return date(year, month + 1, 1)


def as_csv(found: Sequence[Attained]) -> str:
    """Return the report as a table: a line for each clock, severity and month."""
    return spreadsheets.table(_HEAD.split(), (_line(each) for each in found))


def _line(each: Attained) -> list[object]:
    counts = each.started, each.met, each.missed, each.open
    return [f"{each.month:%Y-%m}", each.clock, each.severity, *counts, each.share, each.median_s, each.p90_s]
