"""Importing a connection: a contract in, a file to look through, change, download and publish; all by plain forms."""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData, UploadFile

from api.deps import FormDep, HubDep, VisitorDep
from api.pages import view
from cauce.errors import CauceError, DefinitionError, ForbiddenError
from cauce.services import import_drafts, import_offers
from cauce.services.hub import Actor, Hub
from cauce.services.import_drafts import Draft
from cauce.services.import_offers import Offered, Upload
from cauce.services.importing import Imported

router = APIRouter(include_in_schema=False)
address = "/connections/import"
kinds = ("soap", "http", "odbc")
fields = ("source", "name", "kind", "only")


@router.get(address)
async def import_page(request: Request, actor: VisitorDep) -> Response:
    """Ask what is to be imported."""
    import_offers.require(actor)
    return _page(request, dict.fromkeys(fields, ""))


@router.post(address)
async def import_step(request: Request, hub: HubDep, actor: VisitorDep, form: FormDep) -> Response:
    """Do the next step with what is in the form: read, choose, check, download or publish."""
    given = {name: str(form.get(name, "")) for name in fields}
    text = str(form.get("text", "")).replace("\r\n", "\n")
    imported = None
    try:
        match form.get("do"):
            case "read":
                imported = await import_offers.import_offered(hub, actor, await _offered(form, given))
                text = imported.text
            case "choose":
                text = await import_drafts.choose(hub, actor, text, *_choices(form))
            case "download":
                return _download(await import_drafts.draft(hub, actor, text))
            case "publish":
                done = await import_drafts.publish_draft(hub, actor, text)
                return RedirectResponse(f"/connections/{quote(done.full_name)}?done=published", status_code=303)
            case _:
                pass
        made = await import_drafts.draft(hub, actor, text) if text else None
    except ForbiddenError:
        raise
    except CauceError as error:
        return await _failed(request, hub, actor, given, text, error)
    return _page(request, given, made, imported)


async def _failed(
    request: Request, hub: Hub, actor: Actor, given: Mapping[str, str], text: str, error: CauceError
) -> Response:
    made = None
    if text:
        try:
            made = await import_drafts.draft(hub, actor, text)
        except CauceError:
            made = Draft("", text, (), ())
    # What is wrong in the file is listed beside it.
    listed = isinstance(error, DefinitionError) and made is not None and made.findings
    return _page(request, given, made, problem=None if listed else error, status=error.http_status)


async def _offered(form: FormData, given: Mapping[str, str]) -> Offered:
    file = form.get("file")
    upload = Upload(file.filename or "", await file.read()) if isinstance(file, UploadFile) else None
    kind = given["kind"] if given["kind"] in kinds else ""
    return Offered(given["source"], upload, kind, given["name"].strip(), tuple(given["only"].split()))


def _choices(form: FormData) -> tuple[list[str], dict[str, str]]:
    effects = {
        name.removeprefix("effect:"): str(value) for name, value in form.multi_items() if name.startswith("effect:")
    }
    return [str(each) for each in form.getlist("operation")], effects


def _download(made: Draft) -> Response:
    given = {"Content-Disposition": f'attachment; filename="{made.name or "connection"}.yaml"'}
    return Response(made.text, media_type="application/yaml", headers=given)


def _page(
    request: Request,
    given: Mapping[str, str],
    made: Draft | None = None,
    imported: Imported | None = None,
    problem: CauceError | None = None,
    *,
    status: int = HTTPStatus.OK,
) -> Response:
    return view.render(
        request,
        "import.html",
        status=status,
        address=address,
        kinds=kinds,
        given=given,
        draft=made,
        imported=imported,
        pretty=view.pretty,
        refusal=problem,
    )
