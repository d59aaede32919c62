"""Schedules: what starts by time."""

from datetime import datetime

from pydantic import Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.schemas import JSON, Model, Page
from api.rest.subject import subject
from cauce.services import schedules

router = subject("schedules", "/schedules")


class Schedule(Model):
    """One way in which a process starts by time."""

    definition: str = Field(examples=["sales.daily-report"])
    version: str = Field(examples=["1.2.0"])
    kind: str = Field(description="every, cron or after.", examples=["cron"])
    when: JSON = Field(description="As the process says it.", examples=["0 7 * * mon-fri"])
    timezone: str = Field(examples=["Europe/Madrid"])
    paused: bool
    next_at: datetime | None = Field(description="Null while it is paused, or the one before has not ended.")
    problem: str = Field(description="What it waits for, or why Temporal does not know of it; empty when it starts.")


@router.get("", responses=documented())
async def list_schedules(hub: HubDep, actor: CallerDep, definition: str | None = None) -> Page[Schedule]:
    """List what starts by time, with when it does so next."""
    found = await schedules.list_schedules(hub, actor, definition)
    return Page(items=[Schedule.model_validate(each) for each in found])


@router.post("/{definition}/pause", responses=documented(404))
async def pause_schedule(hub: HubDep, actor: CallerDep, definition: str) -> Page[Schedule]:
    """Let a process not start by time any more; what runs goes on."""
    found = await schedules.pause(hub, actor, definition, paused=True)
    return Page(items=[Schedule.model_validate(each) for each in found])


@router.post("/{definition}/resume", responses=documented(404))
async def resume_schedule(hub: HubDep, actor: CallerDep, definition: str) -> Page[Schedule]:
    """Let a process start by time again; what was due meanwhile is left out."""
    found = await schedules.pause(hub, actor, definition, paused=False)
    return Page(items=[Schedule.model_validate(each) for each in found])
