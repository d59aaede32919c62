"""Certification of connections: run it, and read what came of it, as JSON and as PDF."""

from datetime import datetime
from typing import Literal

from fastapi import Request, Response
from pydantic import BaseModel, Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.schemas import Model
from api.rest.subject import subject
from cauce.services import certificates
from cauce.services.certifying import trials
from cauce.services.certifying.pdf import pdf
from cauce.services.hub import Actor, Hub

router = subject("connections", "/connections")


class Check(Model):
    """One thing that was tried."""

    operation: str = Field(examples=["create-order"])
    name: str = Field(description="docs/certification.md says what each is.", examples=["lost-answer"])
    result: Literal["passed", "failed", "warning", "skipped"]
    sentence: str = Field(examples=["It was carried out, and `find-order` found it."])


class Certificate(Model):
    """What was found out for one capability."""

    capability: str = Field(examples=["orders"])
    state: Literal["certified", "failed", "outdated", "never"] = Field(
        description="`outdated`: the connection or the capability has changed since."
    )
    version: str = Field(description="The version of the connection that was tried.", examples=["3"])
    at: datetime | None
    by: str = Field(examples=["igor"])
    checks: list[Check]


class TrialRun(Model):
    """A certification that a worker was asked for."""

    state: Literal["running", "done", "stopped"]
    by: str = Field(examples=["igor"])
    began: datetime
    capabilities: list[str] = Field(examples=[["orders", "customers"]])
    done: int = Field(description="How many of them have been tried; each has its certificate then.", examples=[1])
    now: str = Field(description="The one that is being tried; empty when none is.", examples=["customers"])
    problem: str = Field(description="Why it was stopped.", examples=[""])


class CertificationReport(Model):
    """A connection as it is published now, with its certificates."""

    connection: str = Field(examples=["erp"])
    version: str = Field(examples=["3"])
    certificates: list[Certificate]
    run: TrialRun | None = Field(description="The last run by a worker; null when there was none lately.")


class Wanted(BaseModel):
    """What is to be tried."""

    capabilities: list[str] = Field(
        default=[], max_length=100, description="All that it implements when empty.", examples=[["orders"]]
    )
    anyway: bool = Field(default=False, description="Write documents although it is not known as a test system.")


@router.get("/{name}/certification", responses=documented(404))
async def get_certification(hub: HubDep, actor: CallerDep, name: str) -> CertificationReport:
    """Return the last certification of a connection for each capability that it implements."""
    return await _report(hub, actor, name)


async def _report(hub: Hub, actor: Actor, name: str) -> CertificationReport:
    report = await certificates.report(hub, actor, name)
    found = [Certificate.model_validate(each) for each in report.certificates]
    run = await trials.last(hub, name)
    given = TrialRun.model_validate(run) if run is not None else None
    return CertificationReport(connection=report.connection, version=report.version, certificates=found, run=given)


@router.get(
    "/{name}/certification.pdf",
    response_class=Response,
    responses={**documented(404), 200: {"content": {"application/pdf": {}}, "description": "The report."}},
)
async def get_certification_pdf(hub: HubDep, actor: CallerDep, name: str) -> Response:
    """Return the same as a document to print."""
    report = await certificates.report(hub, actor, name)
    given = {"Content-Disposition": f'attachment; filename="certification-{report.connection}.pdf"'}
    return Response(pdf(report), media_type="application/pdf", headers=given)


@router.post("/{name}/certification", status_code=202, responses=documented(404, 409, 422, 503))
async def certify(
    hub: HubDep, actor: CallerDep, name: str, wanted: Wanted, request: Request, response: Response
) -> CertificationReport:
    """Have a worker try a connection for its capabilities with real documents; `Location` says where the report is."""
    await trials.start(hub, actor, name, wanted.capabilities, anyway=wanted.anyway)
    response.headers["Location"] = request.url.path
    return await _report(hub, actor, name)
