"""Definitions: list, read, check, publish."""

import asyncio
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Header, Query, Request, Response
from starlette.datastructures import UploadFile

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.schemas import Checked, Definition, DefinitionSummary, Found, Page, Published
from api.rest.subject import subject
from cauce.errors import CauceError, DefinitionError, Finding, InputError
from cauce.services import definitions
from cauce.services.definitions import DefinitionView
from cauce.services.known import known
from schemas import PUBLISHED, Limits, Source, findings_of, load_all
from workflows.checking import check

router = subject("definitions", "/definitions")

Kind = Annotated[str, Query(pattern=f"^({'|'.join(sorted(PUBLISHED))})$")]
most_files = 200
body: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/yaml": {
                "schema": {"type": "string"},
                "example": "document: {dsl: '1.0.3', namespace: sales, name: hello, version: 1.0.0}\ndo:\n"
                "  - greet: {set: {greeting: hello}}\n",
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"files": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                }
            },
        },
    }
}


@router.get("", responses=documented(422))
async def list_definitions(
    hub: HubDep,
    actor: CallerDep,
    kind: Kind | None = None,
    after: Annotated[str, Query(description="Comes with `next`.")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> Page[DefinitionSummary]:
    """List what is published, in its latest version, by kind and name."""
    found = await definitions.list_definitions(hub, actor, kind)
    left = [each for each in found if f"{each.kind}:{each.full_name}" > after]
    items = [DefinitionSummary.model_validate(each) for each in left[:limit]]
    word = f"&kind={kind}" if kind else ""
    end = items[-1] if len(left) > limit else None
    next_address = f"/api/v1/definitions?limit={limit}{word}&after={end.kind}:{end.full_name}" if end else None
    return Page(items=items, next=next_address)


@router.post("/check", responses=documented(413, 422), openapi_extra=body)
async def check_definitions(request: Request, hub: HubDep, _: CallerDep) -> Checked:
    """Check definitions without publishing them; what is published counts as known."""
    loaded, findings = await sources(request, hub.settings.max_definition_bytes)
    findings += await asyncio.to_thread(check, loaded, await known(hub, loaded))
    found = [Found.of(each) for each in findings]
    return Checked(ok=not any(each.severity == "error" for each in found), findings=found)


@router.post("", status_code=HTTPStatus.CREATED, responses=documented(409, 413, 422), openapi_extra=body)
async def publish_definitions(request: Request, hub: HubDep, actor: CallerDep) -> list[Published]:
    """Publish definitions together: all of them, or none when one is wrong.

    The body is one YAML text, or several files as `multipart/form-data`. The same content again changes nothing.
    """
    loaded, findings = await sources(request, hub.settings.max_definition_bytes)
    if findings:
        raise DefinitionError("Nothing was published.", hint=str(findings[0]), findings=findings)
    return [Published.model_validate(each) for each in await definitions.publish(hub, actor, loaded)]


@router.get("/{kind}/{name}/versions", responses=documented(404))
async def list_versions(hub: HubDep, actor: CallerDep, kind: str, name: str) -> Page[DefinitionSummary]:
    """List all versions of a definition, the highest first."""
    found = await definitions.versions(hub, actor, name, kind=kind)
    return Page(items=[DefinitionSummary.model_validate(each) for each in found])


@router.get(
    "/{kind}/{name}",
    response_model=Definition,
    responses=documented(404) | {304: {"description": "You have this version."}},
)
async def get_definition(
    hub: HubDep,
    actor: CallerDep,
    response: Response,
    kind: str,
    name: str,
    version: str | None = None,
    if_none_match: Annotated[str, Header()] = "",
) -> DefinitionView | Response:
    """Return a version of a definition, the latest unless one is named; a process is named `namespace.name`."""
    found = await definitions.shown(hub, actor, name, version, kind=kind)
    tag = f'"{found.digest}"'
    if tag in {each.strip().removeprefix("W/") for each in if_none_match.split(",")}:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "private, no-cache"
    return found


async def sources(request: Request, max_bytes: int) -> tuple[list[Source], list[Finding]]:
    """Read the definitions of a request; what cannot be read becomes findings."""
    loaded: list[Source] = []
    findings: list[Finding] = []
    for name, content in await texts(request):
        try:
            text = content.decode("utf-8")
            loaded += await asyncio.to_thread(load_all, text, name, Limits(bytes=max_bytes))
        except UnicodeDecodeError as cause:
            raise InputError(f"{name} is not UTF-8 text.", hint="Definitions are YAML in UTF-8.") from cause
        except CauceError as error:
            findings += findings_of(error, name)
    return loaded, findings


async def texts(request: Request) -> list[tuple[str, bytes]]:
    """Return the files of a request with their names; the body itself when it is not a form."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return [(request.headers.get("x-file-name", "definition.yaml"), await request.body())]
    async with request.form(max_files=most_files) as form:
        uploads = [each for _, each in form.multi_items() if isinstance(each, UploadFile)]
        if not uploads:
            raise InputError("The form holds no file.", hint="Send the definitions as files.")
        return [(each.filename or "definition.yaml", await each.read()) for each in uploads]
