"""Certification of connections: run it, and read what came of it, as JSON and as PDF."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.schemas import Model
from cauce.services import certificates, certification
from cauce.services.certifying.pdf import pdf

router = APIRouter(prefix="/connections", tags=["connections"])


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


class CertificationReport(Model):
    """A connection as it is published now, with its certificates."""

    connection: str = Field(examples=["erp"])
    version: str = Field(examples=["3"])
    certificates: list[Certificate]


class Wanted(BaseModel):
    """What is to be tried."""

    capabilities: list[str] = Field(
        default=[], max_length=100, description="All that it implements when empty.", examples=[["orders"]]
    )
    anyway: bool = Field(default=False, description="Write documents although it is not known as a test system.")


@router.get("/{name}/certification", responses=documented(404))
async def get_certification(hub: HubDep, actor: CallerDep, name: str) -> CertificationReport:
    """Return the last certification of a connection for each capability that it implements."""
    return CertificationReport.model_validate(await certificates.report(hub, actor, name))


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


@router.post("/{name}/certification", responses=documented(404, 409, 422))
async def certify(hub: HubDep, actor: CallerDep, name: str, wanted: Wanted) -> CertificationReport:
    """Try a connection for its capabilities with real documents, and keep what was found out; this may take a while."""
    await certification.certify(hub, actor, name, wanted.capabilities, anyway=wanted.anyway)
    return CertificationReport.model_validate(await certificates.report(hub, actor, name))
