"""Roadmaps: what is published, and the plan of each by its calendar."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.schemas import Model, Page
from api.rest.subject import subject
from cauce.errors import InputError
from cauce.services.roadmaps import figures, plans
from cauce.services.roadmaps.exchange import importing
from cauce.services.roadmaps.formats import formats
from cauce.services.roadmaps.plans import Asked
from workflows.roadmap.model import Actual

JSON = Any
router = subject("roadmaps", "/roadmaps")


_PLAN_FILE: Final[dict[str, JSON]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/xml": {"schema": {"type": "string"}, "example": "<Project>…</Project>"},
            "text/csv": {"schema": {"type": "string"}, "example": "id,phase,title,days\nthink,P1,Think,3\n"},
        },
    }
}

Money = Annotated[Decimal | None, Field(ge=0, le=10**12, max_digits=16)]


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


class Costs(BaseModel):
    """Money by factor."""

    model_config = ConfigDict(extra="forbid")

    training: Money = None
    data: Money = None
    integration: Money = None
    management: Money = None


class Happened(BaseModel):
    """What has become of an activity so far."""

    model_config = ConfigDict(extra="forbid")

    activity: str = Field(max_length=200, description="Its id; of a wave `id.wave`.", examples=["sign-requirements"])
    started: date | None = Field(default=None, examples=["2027-01-11"])
    finished: date | None = Field(default=None, examples=["2027-01-15"])
    percent: Decimal | None = Field(default=None, ge=0, le=100, description="How much of its length is done.")
    remaining: int | None = Field(default=None, ge=0, le=5_000, description="Working days; goes before `percent`.")
    parts: list[Annotated[int, Field(ge=1, le=100)]] | None = Field(
        default=None, max_length=100, description="The milestones or deliverables that are there, counted from 1."
    )
    cost: Costs = Field(default=Costs(), description="What it has cost.", examples=[{"management": 1800.5}])

    def actual(self) -> Actual:
        """Return it as plans take it."""
        parts = None if self.parts is None else frozenset(self.parts)
        return Actual(
            self.started, self.finished, self.percent, self.remaining, parts, self.cost.model_dump(exclude_none=True)
        )


def actuals_of(happened: Sequence[Happened]) -> dict[str, Actual]:
    """Return what has happened by activity; raises `InputError` when something is said twice."""
    actuals = {each.activity: each.actual() for each in happened}
    if len(actuals) < len(happened):
        raise InputError("An activity is there twice.", hint="Say of each one once what has happened.")
    return actuals


class Question(BaseModel):
    """What to compute with, which nobody keeps: another start, what has happened, other figures."""

    model_config = ConfigDict(extra="forbid")

    start: date | None = Field(default=None, description="Another day to start.", examples=["2027-01-11"])
    status: date | None = Field(default=None, description="The evening of the report.", examples=["2027-01-22"])
    happened: list[Happened] = Field(default=[], max_length=5_000)
    metrics: dict[str, float] = Field(
        default={}, max_length=500, description="Figures that may trigger risks.", examples=[{"adoption": 0.6}]
    )

    def asked(self) -> Asked:
        """Return it as the services take it."""
        return Asked(self.start, actuals_of(self.happened), self.status)


class Index(Model):
    """A figure, or the reason why there is none."""

    name: str = Field(examples=["cpi"])
    value: Decimal | None = Field(examples=["0.9500"])
    reason: str = Field(examples=[""])
    light: Literal["", "green", "amber", "red"] = Field(description="By the thresholds of the roadmap.")


class Row(Model):
    """The money of a factor, or of all: planned in all, and by the evening of the report."""

    factor: str = Field(examples=["training", "total"])
    budget: Decimal = Field(examples=["3500.00"])
    pv: Decimal = Field(description="Planned.", examples=["2000.00"])
    ev: Decimal = Field(description="Earned.", examples=["1500.00"])
    ac: Decimal = Field(description="Spent.", examples=["2000.00"])
    overspent: Index


class Month(Model):
    """What is to be spent in a month."""

    period: str = Field(examples=["2027-01"])
    factors: dict[str, Decimal] = Field(examples=[{"training": "0.00", "management": "9500.00"}])
    total: Decimal = Field(examples=["9500.00"])
    cumulative: Decimal = Field(description="Up to its end: the S-curve.", examples=["9500.00"])


class Line(Model):
    """What an activity is to cost in a month, of a factor."""

    activity: str = Field(examples=["sign-requirements"])
    period: str = Field(examples=["2027-04"])
    factor: str = Field(examples=["management"])
    amount: Decimal = Field(examples=["1500.00"])


class Case(Model):
    """The business case: all costs are now, benefits come by year."""

    cost: Decimal = Field(examples=["100000.00"])
    benefit: Decimal = Field(examples=["135000.00"])
    flows: list[Decimal] = Field(examples=[["-100000.00", "45000.00", "45000.00", "45000.00"]])
    indices: list[Index] = Field(description="`npv`, `roi`, `irr`, `payback` and `discounted_payback` in years.")


class Figures(Model):
    """The figures of a roadmap."""

    roadmap: str = Field(examples=["crm-rollout"])
    title: JSON = Field(examples=[{"en": "CRM roll-out"}])
    currency: str = Field(examples=["EUR"])
    status: date | None
    budget: Decimal = Field(examples=["325500.00"])
    budget_with_contingency: Decimal = Field(examples=["364560.00"])
    months: list[Month]
    rows: list[Row]
    cost_variance: Decimal = Field(examples=["-500.00"])
    schedule_variance: Decimal = Field(examples=["-500.00"])
    indices: list[Index]
    baseline_finish: date = Field(description="When it ends as it is written.")
    planned_finish: date = Field(description="When it ends by the plan, after what has happened.")
    finish_at_speed: date | None = Field(description="When it ends if it goes on as fast as so far.")
    finish_reason: str = Field(description="Why nobody can say.", examples=[""])
    exposure: int = Field(description="The sum of probability times impact of its risks.", examples=[191])
    fired: list[str] = Field(description="The risks whose triggers are reached.", examples=[["R-05"]])
    case: Case | None
    lines: list[Line] = Field(description="The budget by activity, month and factor.")


class Draft(Model):
    """A roadmap that nobody has published yet."""

    text: str = Field(description="It as a definition file.", examples=["roadmap: new-shop\ntitle: A new shop\n"])
    remarks: list[str] = Field(
        description="What could not be taken over as it was, or is still missing.",
        examples=[["Activities without a pillar: 2. They are taken for processes."]],
    )


@router.post("/import", responses=documented(413, 422), openapi_extra=_PLAN_FILE)
async def draft_roadmap(
    request: Request,
    actor: CallerDep,
    name: Annotated[
        str, Query(description="What it is to be called; after its title if not given.", examples=["new-shop"])
    ] = "",
) -> Draft:
    """Make a draft of a roadmap out of another program's plan, Microsoft Project's XML or CSV; nothing is kept."""
    is_csv = request.headers.get("content-type", "").startswith("text/csv")
    found = await importing.drafted(actor, await request.body(), "plan.csv" if is_csv else "plan.xml", name)
    return Draft(text=found.text(), remarks=found.remarks)


@router.get("", responses=documented())
async def list_roadmaps(hub: HubDep, actor: CallerDep) -> Page[RoadmapSummary]:
    """List the published roadmaps; there are few, so they come in one page."""
    return Page(items=[RoadmapSummary.model_validate(each) for each in await plans.list_roadmaps(hub, actor)])


@router.get(
    "/{name}/plan",
    response_model=Plan,
    responses={**documented(404, 422), 200: {"content": {kind: {} for kind, _ in formats.values()}}},
)
async def get_plan(
    hub: HubDep,
    actor: CallerDep,
    name: str,
    *,
    start: Annotated[date | None, Query(description="Another day to start.", examples=["2027-01-11"])] = None,
    form: Annotated[
        Literal["json", "csv", "mermaid", "ical", "mspdi"], Query(alias="format", examples=["json"])
    ] = "json",
    language: Annotated[Literal["en", "es"], Query(description="Of titles in other formats.", examples=["es"])] = "en",
) -> Plan | Response:
    """Return the plan of a roadmap, computed now: as JSON, CSV, a Mermaid chart, a calendar feed or Project's XML."""
    found = await plans.plan(hub, actor, name, Asked(start=start))
    if form == "json":
        return Plan.model_validate(found)
    media_type, render = formats[form]
    return Response(render(found, language), media_type=f"{media_type}; charset=utf-8")


@router.post("/{name}/plan", responses=documented(404, 422))
async def what_if(hub: HubDep, actor: CallerDep, name: str, question: Question) -> Plan:
    """Compute the plan with another start, or with what has happened or might; nothing is kept."""
    return Plan.model_validate(await plans.plan(hub, actor, name, question.asked()))


@router.post("/{name}/figures", responses=documented(404, 422))
async def compute_figures(hub: HubDep, actor: CallerDep, name: str, question: Question) -> Figures:
    """Compute budget, earned value, forecasts, risks and the business case as of a day; nothing is kept."""
    found = await figures.figures(hub, actor, name, question.asked(), question.metrics)
    return Figures.model_validate(found)
