"""The monitor: how connections and syncs are doing."""

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.schemas import JSON, Model, Page
from api.rest.subject import subject
from cauce.services import alerting, monitor

router = subject("monitor", "/monitor")


class Point(Model):
    """The figures of one step of the window."""

    at: datetime
    calls: int = Field(examples=[12])
    failed: int = Field(examples=[1])
    p95_ms: float | None = Field(description="Null where nothing was timed.", examples=[81.5])


class Figures(Model):
    """The figures of one operation of a connection, or of one sync."""

    subject: str = Field(description="connection or sync.", examples=["connection"])
    name: str = Field(examples=["erp"])
    operation: str = Field(
        description="Empty for a connection that was never called, and for a sync.", examples=["create-order"]
    )
    calls: int = Field(examples=[240])
    items: int = Field(description="Calls of a connection, rows of a sync.", examples=[240])
    per_minute: float = Field(description="Throughput: items a minute.", examples=[4.0])
    failed: int = Field(description="Without an answer, or asked to come again.", examples=[3])
    rejected: int = Field(description="Items that were refused for good.", examples=[1])
    error_rate: float | None = Field(description="Failed of all calls, from 0 to 1.", examples=[0.0125])
    reject_rate: float | None = Field(description="Rejected of all items, from 0 to 1.", examples=[0.004])
    p50_ms: float | None = Field(examples=[38.2])
    p95_ms: float | None = Field(examples=[120.0])
    slowest_ms: float = Field(examples=[412.0])
    lag_ms: float = Field(
        description="The longest that a call waited for its turn, or that a sync was behind.", examples=[15.0]
    )
    done_at: datetime | None = Field(description="When something last came through, at any time.")
    failed_at: datetime | None
    fresh_s: float | None = Field(description="The seconds since `done_at`.", examples=[12.5])
    series: list[Point] = Field(description="The window in steps, the oldest first.")


class Alert(Model):
    """Something wrong with a connection or a sync; one alert, whatever rules found it."""

    id: int = Field(examples=[7])
    subject: str = Field(description="connection or sync.", examples=["connection"])
    name: str = Field(examples=["erp"])
    state: str = Field(description="raised or resolved.", examples=["raised"])
    severity: str = Field(description="warning or critical.", examples=["critical"])
    causes: list[JSON] = Field(
        description="Which rules found what, and since when.",
        examples=[[{"rule": "connection-fails", "operation": "", "metric": "error-rate", "value": 1.0}]],
    )
    raised_at: datetime
    resolved_at: datetime | None
    acknowledged_by: str = Field(description="Who looks after it; empty as long as nobody does.", examples=["olga"])
    acknowledged_at: datetime | None
    note: str = Field(examples=["The provider has been called."])


class Acknowledgement(BaseModel):
    """What somebody says who takes an alert on."""

    note: str = Field(default="", max_length=alerting.longest_note, examples=["The provider has been called."])


@router.get("", responses=documented(404))
async def get_figures(
    hub: HubDep,
    actor: CallerDep,
    window: Annotated[str, Query(description="15m, 1h, 24h or 7d.", examples=["1h"])] = "1h",
    connection: str | None = None,
) -> Page[Figures]:
    """Return the figures of a window up to now, by operation; there are few, so they come in one page."""
    found = await monitor.lines(hub, actor, window, connection)
    return Page(items=[Figures.model_validate(each) for each in found])


@router.get("/alerts", responses=documented())
async def list_alerts(hub: HubDep, actor: CallerDep) -> Page[Alert]:
    """List the alerts that are raised, then the last of those that are over: at most 100."""
    return Page(items=[Alert.model_validate(each) for each in await alerting.list_alerts(hub, actor)])


@router.post("/alerts/{alert_id}/acknowledge", responses=documented(404, 409))
async def acknowledge_alert(hub: HubDep, actor: CallerDep, alert_id: int, said: Acknowledgement) -> Alert:
    """Take an alert on, with your name."""
    return Alert.model_validate(await alerting.acknowledge(hub, actor, alert_id, said.note))
