"""The audit trail for who checks it: its lines, whether the chain holds, and the file of a case."""

import json
import re

from fastapi import APIRouter, Request, Response
from fastapi.encoders import jsonable_encoder

from api.deps import FormDep, HubDep, VisitorDep
from api.pages import view
from api.pages.trail_words import acts
from cauce.services import case_files, trail
from cauce.services.hub import Actor, Hub
from cauce.store.audit import Verdict

router = APIRouter(include_in_schema=False)
_PAGE = 50
_LONGEST_NUMBER = 15


@router.get("/audit")
async def trail_page(
    request: Request, hub: HubDep, actor: VisitorDep, subject: str = "", by: str = "", before: str = ""
) -> Response:
    """Show lines of the trail."""
    return await _page(request, hub, actor, subject.strip(), by.strip(), before)


@router.post("/audit")
async def verify(request: Request, hub: HubDep, actor: VisitorDep, form: FormDep) -> Response:
    """Compute the chain anew, and say whether it holds."""
    del form
    return await _page(request, hub, actor, "", "", "", await trail.verify(hub, actor))


@router.get("/case-file")
async def case_file(hub: HubDep, actor: VisitorDep, instance: str) -> Response:
    """Give all that is known of a case as a file."""
    found = jsonable_encoder(await case_files.export(hub, actor, instance))
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", instance).strip("-")
    return Response(
        json.dumps(found, ensure_ascii=False, indent=2),
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="case-{name}.json"'},
    )


async def _page(
    request: Request, hub: Hub, actor: Actor, subject: str, by: str, before: str, verdict: Verdict | None = None
) -> Response:
    place = int(before) if before.isdecimal() and len(before) <= _LONGEST_NUMBER else None
    found = await trail.lines(hub, actor, subject=subject or None, by=by or None, before=place, limit=_PAGE)
    return view.render(
        request,
        "trail.html",
        lines=found,
        acts=acts,
        subject=subject,
        by=by,
        verdict=verdict,
        following=found[-1].seq if len(found) == _PAGE else 0,
    )
