"""How the parts of a stack are that runs in some process: each is asked whether it works."""

import asyncio
from dataclasses import dataclass

from cauce.embedded import health, state
from cauce.embedded.child import ChildState
from cauce.settings import Settings


@dataclass(frozen=True, slots=True)
class Component:
    """One part of the stack, as `cauce status` shows it."""

    name: str
    healthy: bool
    address: str
    sentence: str
    pid: int | None = None
    restarts: int = 0
    version: str = ""


async def status(settings: Settings) -> list[Component]:
    """Ask every part of the stack that runs in this data directory; an empty list when none runs."""
    running = state.running(settings.data_dir)
    if running is None:
        return []
    where = running.addresses
    children = {child.name: child for child in running.children}
    since = children["worker"].since if "worker" in children else running.started_at
    found = await asyncio.gather(
        health.temporal(where.temporal, settings.temporal_namespace),
        health.api(where.api),
        health.worker(where.temporal, settings.temporal_namespace, since),
    )
    rows = zip(("temporal", "api", "worker"), (where.temporal, where.api, ""), found, strict=True)
    return [_component(name, address, result, children.get(name)) for name, address, result in rows]


def _component(name: str, address: str, found: health.Health, child: ChildState | None) -> Component:
    return Component(
        name=name,
        healthy=found.healthy,
        address=address,
        sentence=found.sentence,
        pid=child.pid if child else None,
        restarts=child.restarts if child else 0,
        version=found.version,
    )
