"""Clocks of instances, and which will be missed next."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import Query, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.paging import Limit, next_page
from api.rest.schemas import Model, Page
from api.rest.subject import subject
from cauce.services import attainment, clocks
from cauce.services.attainment import Attained

JSON = Any
router = subject("instances")
_FURTHEST: Final = timedelta(days=36_525)


class Clock(Model):
    """A clock of an instance: how long something may take."""

    id: str = Field(examples=["6f9619ff-8b86-5d01-b42d-00c04fc964ff"])
    instance: str = Field(examples=["sales.lead-to-order/lead:2041"])
    definition: str = Field(examples=["sales.lead-to-order"])
    version: str = Field(examples=["1.2.0"])
    business_key: str = Field(examples=["lead:2041"])
    clock: str = Field(examples=["first-contact"])
    title: JSON = Field(examples=[{"en": "First contact", "es": "Primer contacto"}])
    state: Literal["running", "paused", "breached", "stopped"]
    severity: str | None = Field(examples=["hot"])
    started_at: datetime = Field(description="When the thing began.")
    due_at: datetime = Field(description="By when it has to be done; in a pause, if that lasts as long as planned.")
    percent: int | None = Field(description="How much of the target has passed.", examples=[80])
    left_s: int | None = Field(description="Seconds of the time that counts until the end.", examples=[2880])
    paused_until: datetime | None
    reason: str = Field(description="Why it pauses.", examples=["waiting-for-customer"])
    reason_title: JSON = Field(description="What people call it.", examples=[{"en": "Waiting for the customer"}])
    breached_at: datetime | None
    stopped_at: datetime | None
    met: bool | None = Field(description="Null as long as nobody knows; open and past due is not met.")
    steps: list[str] = Field(description="What has happened by itself.", examples=[["warn 75"]])


class Attainment(Model):
    """What became of the clocks of one name and severity that were started in a month."""

    month: date = Field(description="Its first day.", examples=["2026-03-01"])
    clock: str = Field(examples=["first-contact"])
    title: JSON = Field(examples=[{"en": "First contact", "es": "Primer contacto"}])
    severity: str = Field(description="Empty where it does not matter.", examples=["hot"])
    started: int = Field(examples=[40])
    met: int = Field(examples=[30])
    missed: int = Field(description="Stopped too late, or open and past due.", examples=[6])
    open: int = Field(description="Of which nobody knows yet.", examples=[4])
    share: float | None = Field(description="What was met of what is known.", examples=[0.8333])
    median_s: int | None = Field(description="Seconds of the time that counts, of those stopped.", examples=[5400])
    p90_s: int | None = Field(description="Within which nine of ten were stopped.", examples=[12600])


Months = Annotated[
    int, Query(ge=1, le=attainment.most_months, description="This month and those before it.", examples=[12])
]
OfClock = Annotated[str | None, Query(examples=["first-contact"])]
OfProcess = Annotated[str | None, Query(examples=["sales.lead-to-order"])]


@router.get("/clocks/attainment", responses=documented(422))
async def attained(
    hub: HubDep,
    actor: CallerDep,
    *,
    months: Months = attainment.usual_months,
    clock: OfClock = None,
    definition: OfProcess = None,
) -> list[Attainment]:
    """Say how many clocks were met, by clock, severity and the month in which they were started."""
    found = await attainment.report(hub, actor, months=months, clock=clock, definition=definition)
    return [Attainment.model_validate(each) for each in found]


@router.get("/clocks/attainment.csv", response_class=PlainTextResponse, responses=documented(422))
async def attained_csv(
    hub: HubDep,
    actor: CallerDep,
    *,
    months: Months = attainment.usual_months,
    clock: OfClock = None,
    definition: OfProcess = None,
) -> Response:
    """Return the same as a table."""
    return as_download(await attainment.report(hub, actor, months=months, clock=clock, definition=definition))


def as_download(found: list[Attained]) -> Response:
    """Return the report as a file to save."""
    headers = {"Content-Disposition": 'attachment; filename="clocks.csv"'}
    return Response(attainment.as_csv(found), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/instances/{instance_id:path}/clocks", responses=documented(404, 503))
async def clocks_of_instance(hub: HubDep, actor: CallerDep, instance_id: str) -> list[Clock]:
    """Return the clocks of an instance, the first started first."""
    return [Clock.model_validate(each) for each in await clocks.of_instance(hub, actor, instance_id)]


@router.get("/clocks", responses=documented(422))
async def clocks_ahead(
    request: Request,
    hub: HubDep,
    actor: CallerDep,
    *,
    within: Annotated[
        timedelta | None,
        Query(ge=timedelta(), le=_FURTHEST, description="Due by then at the latest.", examples=["PT24H"]),
    ] = None,
    definition: Annotated[str | None, Query(examples=["sales.lead-to-order"])] = None,
    after: Annotated[str | None, Query(description="Comes with `next`.")] = None,
    limit: Limit = 50,
) -> Page[Clock]:
    """List the clocks that run: missed ones first, then those that are due first."""
    found = await clocks.ahead(hub, actor, within=within, definition=definition, after=after, limit=limit)
    return Page(items=[Clock.model_validate(each) for each in found.clocks], next=next_page(request, found.after))
