"""Permissions: what is granted to whom, and why somebody may do something with a case."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.deps import FormDep, HubDep, VisitorDep
from api.i18n import Language
from api.pages import view
from api.pages.code_words import role_words
from api.rest.permissions import as_download
from cauce.errors import CauceError, ConflictError, InputError, NotFoundError
from cauce.permissions import ACTS, PLACES, WHO, Decision, Grant
from cauce.services.hub import Actor, Hub
from cauce.services.permissions import duties, explaining, grants

router = APIRouter(include_in_schema=False)
act_words = {
    "see": view.message("see"),
    "work": view.message("do tasks"),
    "start": view.message("start cases"),
    "design": view.message("publish"),
    "operate": view.message("repair"),
    "supervise": view.message("supervise"),
    "personal": view.message("see personal data"),
}
who_words = {"person": view.message("Person"), "group": view.message("Group"), "role": view.message("Role")}
place_words = {
    "all": view.message("everything"),
    "namespace": view.message("namespace"),
    "process": view.message("process"),
    "form": view.message("task type"),
}


@router.get("/permissions")
async def permissions_page(request: Request, hub: HubDep, actor: VisitorDep, done: str = "") -> Response:
    """Show everything that is granted."""
    text = view.language_of(request).gettext
    said = {"granted": text("It is granted, from now on."), "revoked": text("It is taken back, from now on.")}
    return await _page(request, hub, actor, message=said.get(done, ""))


@router.post("/permissions")
async def change_permissions(request: Request, hub: HubDep, actor: VisitorDep, form: FormDep) -> Response:
    """Grant something, or take a grant back."""
    number = str(form.get("revoke", ""))
    try:
        if number:
            await grants.revoke(hub, actor, int(number) if number.isdecimal() and len(number) < 10 else 0)  # noqa: PLR2004 - digits of a 32-bit number
            return RedirectResponse("/permissions?done=revoked", status_code=HTTPStatus.SEE_OTHER)
        place, of = str(form.get("place", "")), str(form.get("of", "")).strip()
        who = f"{form.get('who', '')}:{str(form.get('name', '')).strip()}"
        on, acts = "*" if place == "all" else f"{place}:{of}", [str(each) for each in form.getlist("acts")]
        only, note = form.get("only") == "yes", str(form.get("note", ""))
        await grants.grant(hub, actor, who, acts, on, only=only, note=note)
    except (ConflictError, InputError, NotFoundError) as error:
        return await _page(request, hub, actor, problem=error)
    return RedirectResponse("/permissions?done=granted", status_code=HTTPStatus.SEE_OTHER)


@router.get("/permissions/why")
async def why_page(request: Request, hub: HubDep, actor: VisitorDep, of: str = "") -> Response:
    """Say what whoever looks may do with something, and why; and to who oversees the work, who else may."""
    of, lang = of.strip()[:300], view.language_of(request)
    mine, others, problem = None, [], None
    try:
        mine = await explaining.why(hub, actor, of) if of else None
        others = await explaining.who_may(hub, actor, of) if of and actor.may(*grants.readers) else []
    except NotFoundError as error:
        problem = error
    return view.render(
        request,
        "permissions_why.html",
        of=of,
        mine=mine,
        others=others,
        act_words=act_words,
        because=lambda decision: because(decision, lang),
        refusal=problem,
        section="permissions",
    )


@router.get("/permissions/duties")
async def duties_page(request: Request, hub: HubDep, actor: VisitorDep, form: str = "") -> Response:
    """Show what policies keep apart, who could do it alone all the same, and who did; as a table to save, too."""
    found = await duties.report(hub, actor)
    if form == "csv":
        return as_download(found)
    return view.render(request, "permissions_duties.html", duties=found, section="permissions")


async def _page(
    request: Request, hub: Hub, actor: Actor, *, message: str = "", problem: CauceError | None = None
) -> Response:
    found = await grants.list_grants(hub, actor)
    return view.render(
        request,
        "permissions.html",
        grants=found,
        acts=ACTS,
        act_words=act_words,
        kinds=WHO,
        who_words=who_words,
        places=PLACES,
        place_words=place_words,
        may_grant=actor.may(),
        message=message,
        refusal=problem,
    )


def because(decision: Decision, lang: Language) -> str:
    """Say why somebody may do something, or not."""
    match decision.because:
        case "admin":
            return lang.gettext("administrators may do everything")
        case "role":
            role = lang.gettext(role_words.get(decision.role, decision.role))
            return lang.gettext("the role %(role)s gives it") % {"role": role}
        case "nothing":
            return lang.gettext("neither a role nor a grant gives it")
        case "grant":
            return lang.gettext("granted to %(who)s") % {"who": _named(decision.grant, lang)}
        case "closed":
            return lang.gettext("kept for those whom a grant names, like %(who)s") % {
                "who": _named(decision.grant, lang)
            }


def _named(grant: Grant | None, lang: Language) -> str:
    return f"{lang.gettext(who_words[grant.who])} {grant.name}" if grant else ""
