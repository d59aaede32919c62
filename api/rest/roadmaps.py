"""Roadmaps: what is published, and the plan of each by its calendar."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.schemas import Model, Page
from cauce.services.roadmaps import plans, rendering
from cauce.services.roadmaps.plans import Asked

JSON = Any
router = APIRouter(prefix="/roadmaps", tags=["roadmaps"])


class RoadmapSummary(Model):
    """A published roadmap."""

    name: str = Field(examples=["crm-rollout"])
    title: JSON = Field(examples=[{"en": "CRM roll-out", "es": "Implantación del CRM"}])
    version: str = Field(examples=["2"])


class Step(Model):
    """An activity or a gate; floats and shifts are in working days."""

    id: str = Field(examples=["sign-requirements"])
    kind: Literal["activity", "gate"]
    phase: str = Field(examples=["F1"])
    wave: str = Field(description="Empty in a phase without waves.", examples=["north"])
    title: JSON = Field(examples=[{"en": "Sign the requirements", "es": "Firmar los requisitos"}])
    pillar: str = Field(examples=["processes"])
    owner: str = Field(examples=["key-users"])
    days: int = Field(description="How many working days it takes.", examples=[5])
    after: list[str] = Field(description="What it waits for.", examples=[["rank-requirements", "G0 SS+5d"]])
    state: Literal["waiting", "started", "done"]
    start: date
    finish: date
    late_start: date
    late_finish: date
    total_float: int = Field(description="How late it may be without the whole being late.", examples=[0])
    free_float: int = Field(description="How late it may be without anything else being late.", examples=[0])
    critical: bool
    start_shift: int | None = Field(description="Later than in the baseline by so much; null when new.", examples=[0])
    finish_shift: int | None = Field(description="Later than in the baseline by so much; null when new.", examples=[2])


class Plan(Model):
    """The plan of a roadmap."""

    roadmap: str = Field(examples=["crm-rollout"])
    title: JSON = Field(examples=[{"en": "CRM roll-out"}])
    calendar: str = Field(description="Empty when Monday to Friday count.", examples=["office-madrid"])
    start: date
    finish: date
    baseline_finish: date = Field(description="When it would finish by the definition alone.")
    status: date | None = Field(description="The evening up to which it says what has happened.")
    working_days: int = Field(examples=[341])
    phases: dict[str, JSON] = Field(description="The titles of its phases.", examples=[{"F0": "Programme"}])
    steps: list[Step]
    critical_paths: list[list[str]] = Field(examples=[[["think", "G1", "act"]]])
    late: list[str] = Field(description="What cannot keep to the days it has to.", examples=[[]])
    dropped: list[str] = Field(description="What is in the baseline only.", examples=[[]])


@router.get("", responses=documented())
async def list_roadmaps(hub: HubDep, actor: CallerDep) -> Page[RoadmapSummary]:
    """List the published roadmaps; there are few, so they come in one page."""
    return Page(items=[RoadmapSummary.model_validate(each) for each in await plans.list_roadmaps(hub, actor)])


@router.get(
    "/{name}/plan",
    response_model=Plan,
    responses={**documented(404, 422), 200: {"content": {kind: {} for kind, _ in rendering.formats.values()}}},
)
async def get_plan(
    hub: HubDep,
    actor: CallerDep,
    name: str,
    *,
    start: Annotated[date | None, Query(description="Another day to start.", examples=["2027-01-11"])] = None,
    form: Annotated[Literal["json", "csv", "mermaid", "ical"], Query(alias="format", examples=["json"])] = "json",
    language: Annotated[Literal["en", "es"], Query(description="Of titles in other formats.", examples=["es"])] = "en",
) -> Plan | Response:
    """Return the plan of a roadmap, computed now: as JSON, CSV, a Mermaid Gantt chart or a calendar feed."""
    found = await plans.plan(hub, actor, name, Asked(start=start))
    if form == "json":
        return Plan.model_validate(found)
    media_type, render = rendering.formats[form]
    return Response(render(found, language), media_type=f"{media_type}; charset=utf-8")
