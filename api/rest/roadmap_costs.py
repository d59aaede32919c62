"""Entries of time and money for the activities of roadmaps that run."""

from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import Query, Request, Response
from pydantic import Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.attachments import as_download
from api.rest.running_acts import Factor, File, Given, Text
from api.rest.schemas import Attachment, Model, Page
from api.rest.subject import subject
from cauce import cost_entries
from cauce.roadmaps import roadmap_id
from cauce.services.roadmaps import costs, files

JSON = Any
_REFUSED: Any = documented(403, 404, 409, 422, 503)
router = subject("roadmaps", "/roadmaps/running/{name}/{key}")
_bytes = {"schema": {"type": "string", "format": "binary"}, "example": "%PDF-1.7 …"}
_FILE = {"requestBody": {"required": True, "content": {"application/octet-stream": _bytes}}}
_csv = {
    "schema": {"type": "string"},
    "example": "reference,activity,day,amount,factor\nF-2027-114,visit-vendors,2027-03-02,480.00,management\n",
}
_CSV = {"requestBody": {"required": True, "content": {"text/csv": _csv}}}


class NewCost(Given):
    """Hours at a rate, or an amount; what is not given follows from the roadmap."""

    activity: str = Field(min_length=1, max_length=200, examples=["visit-vendors"])
    reference: str = Field(
        min_length=1, max_length=200, description="It is entered once for each.", examples=["F-2027-114"]
    )
    day: date | None = Field(default=None, description="Today if not given.", examples=["2027-03-02"])
    hours: str = Field(default="", max_length=30, examples=["7.5"])
    amount: str = Field(default="", max_length=30, description="Less than 0 for a credit.", examples=[""])
    factor: Factor | None = Field(default=None, description="The one that the activity has a budget for, if it is one.")
    owner: str = Field(default="", max_length=200, description="Whose hours; the activity's owner if not given.")
    rate: str = Field(default="", max_length=30, description="As the roadmap says, unless who plans gives another.")
    person: str = Field(default="", max_length=200, description="Who worked.", examples=["Cris"])
    note: Text = ""
    file: File | None = Field(default=None, description="The paper behind it, attached to the roadmap before.")

    def entry(self) -> cost_entries.Given:
        """Return it as the services take it."""
        names = ("activity", "reference", "day", "hours", "amount", "owner", "rate", "person", "note")
        file = self.file.model_dump(exclude_none=True) if self.file else None
        return cost_entries.Given(**{name: getattr(self, name) for name in names}, factor=self.factor or "", file=file)


class Cost(Model):
    """An entry: never changed, but taken back by another one."""

    number: int = Field(examples=[12])
    activity: str = Field(examples=["visit-vendors"])
    kind: Literal["time", "expense"]
    day: date
    factor: str = Field(examples=["management"])
    amount: str = Field(examples=["412.50"])
    hours: str = Field(examples=["7.5"])
    owner: str = Field(description="Whose hours.", examples=["committee"])
    rate: str = Field(examples=["55"])
    person: str = Field(examples=["Cris"])
    note: str = Field(examples=["Two days in Bilbao"])
    reference: str = Field(examples=["F-2027-114"])
    source: str = Field(description="form, rest, cli, csv, hub or reversal.", examples=["rest"])
    reverses: int | None = Field(description="The entry that it takes back.")
    reversed_by: int | None = Field(description="The entry that took it back.")
    file: JSON = Field(examples=[None])
    by: str = Field(examples=["ana"])
    at: datetime


class CostBack(Given):
    """Why an entry is taken back."""

    reason: Text = Field(examples=["Entered for the wrong activity."])


class CostRow(Model):
    """What became of a row of a file."""

    line: int = Field(examples=[2])
    reference: str = Field(examples=["F-2027-114"])
    outcome: Literal["entered", "known", "refused"]
    number: int | None = Field(description="Of the entry that it is.", examples=[12])
    problem: str = Field(examples=[""])
    hint: str = Field(examples=[""])


class ImportedCosts(Model):
    """What became of a file."""

    rows: list[CostRow]
    entered: int = Field(examples=[1])
    known: int = Field(examples=[0])
    refused: str = Field(description="CSV of the rows that were not taken, with what is wrong.", examples=[""])


@router.get("/costs", responses=documented(404))
async def list_costs(
    hub: HubDep,
    actor: CallerDep,
    name: str,
    key: str,
    *,
    activity: Annotated[str, Query(description="Only of this one.", examples=["visit-vendors"])] = "",
    before: Annotated[int | None, Query(ge=1, description="The number of the last one that is known.")] = None,
) -> Page[Cost]:
    """List entries, the newest first; those of others only where you may see the money of the roadmap."""
    found = await costs.entries(hub, actor, roadmap_id(name, key), activity=activity, before=before)
    full = len(found) == costs.most_rows
    more = f"/api/v1/roadmaps/running/{quote(name)}/{quote(key)}/costs?activity={quote(activity)}&before="
    items = [Cost.model_validate(each) for each in found]
    return Page(items=items, next=f"{more}{found[-1].number}" if full else None)


@router.post("/costs", status_code=HTTPStatus.CREATED, responses=_REFUSED)
async def enter_cost(hub: HubDep, actor: CallerDep, name: str, key: str, given: NewCost, response: Response) -> Cost:
    """Enter time or money for an activity of yours; the same reference again answers with the entry that it is."""
    found, new = await costs.enter(hub, actor, roadmap_id(name, key), given.entry(), source="rest")
    if not new:
        response.status_code = HTTPStatus.OK
    return Cost.model_validate(found)


@router.post("/costs/import", responses=_REFUSED, openapi_extra=_CSV)
async def import_costs(request: Request, hub: HubDep, actor: CallerDep, name: str, key: str) -> ImportedCosts:
    """Enter the rows of a CSV file, in UTF-8; each says what became of it, and the others come back to be mended."""
    text = (await request.body()).decode("utf-8", "replace")
    return ImportedCosts.model_validate(await costs.import_rows(hub, actor, roadmap_id(name, key), text))


@router.post("/costs/{number}/reverse", status_code=HTTPStatus.CREATED, responses=_REFUSED)
async def reverse_cost(hub: HubDep, actor: CallerDep, name: str, key: str, number: int, given: CostBack) -> Cost:
    """Take an entry back by another one; both are kept."""
    return Cost.model_validate(await costs.take_back(hub, actor, roadmap_id(name, key), number, given.reason))


@router.get("/costs/{number}/file", response_class=Response, responses=documented(404))
async def get_cost_file(hub: HubDep, actor: CallerDep, name: str, key: str, number: int) -> Response:
    """Return the paper behind an entry."""
    return as_download(await files.of_entry(hub, actor, roadmap_id(name, key), number))


@router.post("/files", response_model=Attachment, responses=documented(403, 404, 413, 422), openapi_extra=_FILE)
async def attach_to_roadmap(
    request: Request,
    hub: HubDep,
    actor: CallerDep,
    name: str,
    key: str,
    title: Annotated[str, Query(alias="name", description="The name of the file.", examples=["invoice.pdf"])],
) -> JSON:
    """Attach a file to a roadmap of yours; its bytes are the body, and entries and reports name what comes back."""
    return await files.attach(hub, actor, roadmap_id(name, key), title, await request.body())
