"""What gates ask of a roll-out's register: its figures, and whether what a phase takes over still holds."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final

from cauce.evidence_words import worded
from cauce.services.hub import Hub
from cauce.store import register, register_figures

Measured = tuple[float | bool | None, dict[str, Any]]


async def kpi(hub: Hub, roadmap: str, of: str, at: datetime) -> Measured:
    """Return a figure that follows from the register, or that somebody measured and noted there, by its name."""
    async with hub.store.read() as db:
        found = (await register_figures.figures(db, roadmap, now=at)).get(of)
        noted = await register.find(db, roadmap, "figure", of) if found is None else None
    if found is not None:
        return found, worded("figure", of=of, value=found)
    value = noted.data.get("value") if noted is not None else None
    if noted is None or not isinstance(value, int | float):
        return None, worded("figure-unknown", roadmap=roadmap, of=of)
    day = noted.changed_at.date().isoformat()
    return float(value), worded("figure-measured", of=of, value=float(value), day=day)


async def figures(hub: Hub, roadmap: str) -> dict[str, float]:
    """Return all figures of the register: those that follow from it, and those that somebody measured and noted."""
    async with hub.store.read() as db:
        noted = await register.entries(db, roadmap, "figure")
        found = await register_figures.figures(db, roadmap)
    values = {row.code: row.data.get("value") for row in noted}
    return {name: float(value) for name, value in values.items() if isinstance(value, int | float)} | found


async def training(hub: Hub, roadmap: str, of: str, at: datetime) -> Measured:
    """Return the least `attendance` or `test` of all trainings."""
    return await kpi(hub, roadmap, f"training-{of}", at)


async def regression(hub: Hub, roadmap: str, of: str, at: datetime) -> Measured:
    """Return whether everything that was taken over (by one phase, with `of`) was green when it was checked last."""
    del at  # the last check counts, whenever it was
    async with hub.store.read() as db:
        rows = await register.entries(db, roadmap, "regression")
    checked = [row for row in rows if not of or row.code == of]
    red = sorted(row.code for row in checked if row.state == "red")
    if not checked:
        return None, worded("nothing-checked", of=of or roadmap)
    green = sorted(row.code for row in checked)
    return not red, worded("regression-red", codes=red) if red else worded("regression-green", codes=green)


REGISTER_FACTS: Final[Mapping[str, Callable[[Hub, str, str, datetime], Awaitable[Measured]]]] = {
    "kpi": kpi,
    "training": training,
    "regression": regression,
}
