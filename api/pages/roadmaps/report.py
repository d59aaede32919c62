"""The status report of a roadmap: as a page, as a PDF, and as Markdown."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api.deps import HubDep, VisitorDep
from api.pages import view
from api.pages.roadmaps import frame, money
from cauce.messages import paper
from cauce.messages.rendering import Message
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import registers
from cauce.services.roadmaps.standing import Standing

JSON = Any
router = APIRouter(include_in_schema=False)
_LATEST = 8
_MONTHS = 3


@router.get("/roadmaps/{name}/{key}/report")
async def report_page(request: Request, hub: HubDep, actor: VisitorDep, name: str, key: str) -> Response:
    """Show the report."""
    standing = await frame.standing(hub, actor, name, key)
    return frame.render(request, "roadmap_report.html", standing, "report", **_shown(request, standing))


@router.get("/roadmaps/{name}/{key}/report.pdf")
async def report_paper(request: Request, hub: HubDep, actor: VisitorDep, name: str, key: str) -> Response:
    """Return the report as a PDF."""
    standing, text = await _text(request, hub, actor, name, key, "_roadmap_report.html")
    language = view.language_of(request)
    subject = language.label(standing.detail.run.title, name)
    made = paper.pdf(Message(subject=subject, text="", html=text, language=language.code))
    return Response(made, media_type="application/pdf", headers=_named(standing, "pdf"))


@router.get("/roadmaps/{name}/{key}/report.md")
async def report_markdown(request: Request, hub: HubDep, actor: VisitorDep, name: str, key: str) -> Response:
    """Return the report as Markdown."""
    standing, text = await _text(request, hub, actor, name, key, "roadmap_report.md")
    return Response(text, media_type="text/markdown; charset=utf-8", headers=_named(standing, "md"))


async def _text(request: Request, hub: Hub, actor: Actor, name: str, key: str, template: str) -> tuple[Standing, str]:
    standing = await frame.standing(hub, actor, name, key)
    shown = _shown(request, standing) | frame.words(request) | {"lang": view.language_of(request)}
    return standing, view.environment().get_template(template).render(run=standing.detail.run, **shown)


def _shown(request: Request, standing: Standing) -> dict[str, Any]:
    decided = [each for each in standing.course.journal.gates.items() if each[1]["state"] in ("approved", "rejected")]
    soon = [each for each in standing.detail.steps if each.state in ("ready", "started", "requested")]
    return {
        "figures": standing.figures(),
        "risks": [each for each in registers.risks(standing) if each.fired or each.level == "high"],
        "issues": registers.issues(standing),
        "corrected": [each for each in standing.course.journal.periods if "correction" in each][-_MONTHS:],
        "owners": standing.course.document["owners"],
        "owner_word": frame.owner_word(request, standing),
        "soon": soon,
        "decided": decided[-_LATEST:],
        "today": standing.today,
        "index_word": frame.word(request, money.index_words),
    }


def _named(standing: Standing, ending: str) -> dict[str, str]:
    run = standing.detail.run
    return {"Content-Disposition": f'inline; filename="{run.roadmap}-{standing.today}.{ending}"'}
