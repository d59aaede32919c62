"""Starting a process by hand: which ones there are, and the form of one, with what somebody has typed in it so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.datastructures import FormData

from api import answers, forms
from api.deps import FormDep, HubDep, SessionsDep, VisitorDep
from api.pages import asked, kept_typing, view
from api.pages.public_forms import CHANGED
from api.rest.attachments import as_download
from cauce.errors import CauceError, ConflictError, InputError, StaleError, TransientError
from cauce.services import form_options, instances, start_drafts, start_forms
from cauce.services.attachments import File
from cauce.services.hub import Actor, Hub
from cauce.services.start_drafts import Beginning, StartDraft
from cauce.services.task_drafts import form_digest

JSON = Any
router = APIRouter(include_in_schema=False)
notices = {
    "draft": view.message("The draft is saved; nobody else sees it."),
    "dropped": view.message("The draft is gone."),
}


@dataclass(frozen=True, slots=True)
class AskedToStart:
    """The form that starts a process, for who fills it in; `key` is that of the case that it will be."""

    hub: Hub
    actor: Actor
    beginning: Beginning
    key: str

    @property
    def form(self) -> JSON:
        """The form document."""
        return self.beginning.form

    async def case(self) -> forms.Case:
        """Return what the form is shown for: there is no case yet."""
        files = await start_forms.attached(self.hub, self.actor, self.beginning, self.key)
        return forms.Case(None, files, self.hub.settings.phone_region)

    async def attach(self, pointer: str, name: str, content: bytes) -> Mapping[str, JSON]:
        """Keep a file for the case."""
        file = File(name, "", content)
        return await start_forms.attach(self.hub, self.actor, self.beginning, self.key, pointer, file)

    async def search(self, pointer: str, values: JSON, text: str) -> form_options.Options:
        """Return what can be chosen in the field at a pointer."""
        return await form_options.search_start(self.hub, self.actor, self.beginning, pointer, values, text)


async def keep_typed(request: Request, hub: HubDep, sessions: SessionsDep, name: str) -> None:
    """Keep what somebody typed whose session has run out meanwhile, as their draft; they log in and find it."""

    async def keep(actor: Actor, form: FormData) -> None:
        await _keep_typed(await _filled(hub, actor, name, form), form, request)

    await kept_typing.of_past_session(request, hub, sessions, keep)


KeptTyped = Depends(keep_typed)


@router.get("/start")
async def start_list(request: Request, hub: HubDep, actor: VisitorDep) -> Response:
    """Show what somebody may start."""
    found = await start_forms.list_beginnings(hub, actor)
    return view.render(request, "starts.html", beginnings=found, section="instances")


@router.get("/start/{name}")
async def start_page(request: Request, hub: HubDep, actor: VisitorDep, name: str) -> Response:
    """Show the form of one, with what was typed before; the key makes that what is sent twice starts one."""
    beginning = await start_forms.beginning(hub, actor, name)
    draft = await start_drafts.draft(hub, actor, beginning)
    values = draft.content if draft else answers.initial(beginning.form, None)
    filled = AskedToStart(hub, actor, beginning, draft.key if draft else instances.business_key(None))
    return await _shown(request, filled, values, draft=draft)


@router.post("/start/{name}", dependencies=[KeptTyped])
async def start(request: Request, hub: HubDep, actor: VisitorDep, name: str, form: FormDep) -> Response:
    """Start it and lead to the case, or show what is wrong with what was entered."""
    filled, lang = await _filled(hub, actor, name, form), view.language_of(request)
    entered = await asked.read(filled, form, lang)
    if form.get("form") not in {None, form_digest(filled.form)}:
        # What the other form asked for and this one does not would be gone without anybody seeing it.
        return await _shown(request, filled, entered.values, refused=ConflictError(CHANGED))
    if entered.unfinished or entered.errors:
        case = await asked.searched(filled, entered, lang)
        changed = entered.changed or entered.searched
        return await _shown(request, filled, entered.values, entered.errors, case=case, changed=changed)
    try:
        instance = await start_forms.begin(hub, actor, name, entered.values, filled.key)
    except InputError as error:
        return await _shown(request, filled, entered.values, error.errors, refused=error)
    except TransientError as error:
        return await _shown(request, filled, entered.values, refused=error)
    except ConflictError:
        instance = f"{name}/{filled.key}"  # whoever presses twice has started it
    return RedirectResponse(f"/instances/{quote(instance)}", status_code=HTTPStatus.SEE_OTHER)


@router.post("/start/{name}/form")
async def form_so_far(request: Request, hub: HubDep, actor: VisitorDep, name: str, form: FormDep) -> Response:
    """Show the fields that follow from what is entered so far, with what is wrong where somebody was already."""
    filled, lang = await _filled(hub, actor, name, form), view.language_of(request)
    shown = await asked.so_far(filled, await asked.read(filled, form, lang), form, lang)
    return view.render(request, "_task_fields.html", files_at=_files_at(filled), **shown)


@router.post("/start/{name}/options")
async def options(request: Request, hub: HubDep, actor: VisitorDep, name: str, form: FormDep) -> Response:
    """Return what can be chosen in the field that somebody types in, for the script of the page."""
    filled, lang = await _filled(hub, actor, name, form), view.language_of(request)
    return JSONResponse(await asked.options(filled, await asked.read(filled, form, lang), lang))


@router.post("/start/{name}/draft")
async def save_draft(request: Request, hub: HubDep, actor: VisitorDep, name: str, form: FormDep) -> Response:
    """Keep what was typed, or forget what was kept."""
    filled = await _filled(hub, actor, name, form)
    if form.get("drop"):
        await start_drafts.drop(hub, actor, filled.beginning)
        return RedirectResponse(f"{_address(filled)}?done=dropped", status_code=HTTPStatus.SEE_OTHER)
    entered = await asked.read(filled, form, view.language_of(request))
    try:
        known = kept_typing.version_of(form, kept_typing.known_field)
        await start_drafts.save(hub, actor, filled.beginning, filled.key, entered.values, after=known)
    except StaleError as error:
        return await _shown(request, filled, entered.values, refused=error)
    if entered.errors:
        return await _shown(request, filled, entered.values, entered.errors)
    return RedirectResponse(f"{_address(filled)}?done=draft", status_code=HTTPStatus.SEE_OTHER)


@router.post("/start/{name}/draft/typed", dependencies=[KeptTyped])
async def save_typed(request: Request, hub: HubDep, actor: VisitorDep, name: str, form: FormDep) -> Response:
    """Keep what somebody is typing, for the script of the page; a newer draft of another window stays as it is."""
    filled = await _filled(hub, actor, name, form)
    return await kept_typing.told(_keep_typed(filled, form, request), view.language_of(request))


@router.get("/start/{name}/files/{key}/{digest}")
async def start_file(hub: HubDep, actor: VisitorDep, name: str, key: str, digest: str) -> Response:
    """Give a file back to who attached it, as something to save and never to show."""
    beginning = await start_forms.beginning(hub, actor, name)
    return as_download(await start_forms.open_file(hub, actor, beginning, key, digest))


async def _filled(hub: Hub, actor: Actor, name: str, form: FormData) -> AskedToStart:
    beginning = await start_forms.beginning(hub, actor, name)
    return AskedToStart(hub, actor, beginning, instances.business_key(str(form.get("key", ""))))


async def _keep_typed(filled: AskedToStart, form: FormData, request: Request) -> StartDraft:
    values, after = asked.typed(filled.form, form, view.language_of(request)), kept_typing.version_of(form)
    return await start_drafts.save(filled.hub, filled.actor, filled.beginning, filled.key, values, after=after)


def _address(filled: AskedToStart) -> str:
    return f"/start/{quote(filled.beginning.process)}"


def _files_at(filled: AskedToStart) -> str:
    return f"{_address(filled)}/files/{quote(filled.key, safe='')}/"


async def _shown(
    request: Request,
    filled: AskedToStart,
    values: JSON,
    errors: Sequence[Mapping[str, str]] = (),
    *,
    case: forms.Case | None = None,
    changed: str = "",
    draft: StartDraft | None = None,
    refused: CauceError | None = None,
) -> Response:
    lang = view.language_of(request)
    fields = forms.fields(filled.form, values, lang, errors, case or await filled.case())
    draft = draft or await start_drafts.draft(filled.hub, filled.actor, filled.beginning)
    return view.render(
        request,
        "start.html",
        status=refused.http_status if refused else HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        address=_address(filled),
        asked=filled.beginning,
        draft=draft if request.method == "GET" else None,
        draft_version=draft.saved_at.isoformat() if draft else "",
        dynamic=forms.is_dynamic(filled.form),
        errors=errors,
        fields=fields,
        files_at=_files_at(filled),
        focus=forms.first_control(fields, changed) if changed else fields[0].pointer if fields and not errors else "",
        form=filled.form,
        fresh=request.method == "GET",
        has_files=asked.has_files(filled.form),
        form_digest=form_digest(filled.form),
        key=filled.key,
        loose_errors=asked.loose(fields, errors),
        message=lang.gettext(notices.get(request.query_params.get("done", ""), "")),
        most_bytes=filled.hub.settings.max_attachment_bytes,
        refusal=refused if not errors else None,
        section="instances",
        visitor=filled.actor.name,
    )
