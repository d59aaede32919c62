"""Accounts, for admins: who may log in, with which roles and groups; making, changing, closing and unlocking them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from api.deps import FormDep, HubDep, VisitorDep
from api.pages import people_query, view
from api.pages.own_account import rules_of
from api.pages.people_query import Asked, AskedDep
from cauce.errors import CauceError, ConflictError, InputError
from cauce.services import users
from cauce.services.access import passwords, second_factors
from cauce.services.hub import Actor, Hub, roles

router = APIRouter(include_in_schema=False)
_MOST_GROUPS: Final = 100
_LONGEST: Final = 200
_NOTHING: Final = {"name": "", "full_name": "", "groups": "", "roles": ["staff"]}
notices: Final = {
    "changed": view.message("The account is changed."),
    "closed": view.message("The account is closed: its sessions are ended, and its tasks are their groups' again."),
    "opened": view.message("The account is open."),
    "unlocked": view.message("The account is unlocked."),
}


@router.get("/accounts")
async def accounts_page(request: Request, hub: HubDep, actor: VisitorDep, asked: AskedDep) -> Response:
    """Show the accounts that are looked for, page by page, and a form for another one."""
    return await _list(request, hub, actor, asked)


@router.post("/accounts")
async def create_account(request: Request, hub: HubDep, actor: VisitorDep, form: FormDep) -> Response:
    """Make an account, and show its password this once if nobody typed one."""
    given = {name: str(form.get(name, "")).strip() for name in ("name", "full_name", "groups", "locale")}
    chosen = _roles(form)
    try:
        names = (given["name"], given["full_name"])
        password, made = _password(hub, str(form.get("password", "")), names)
        account = await users.create_user(
            hub,
            actor,
            given["name"][:_LONGEST],
            password,
            roles=chosen,
            groups=_groups(given["groups"]),
            full_name=given["full_name"][:_LONGEST],
            locale="es" if given["locale"] == "es" else "en",
        )
    except (InputError, ConflictError) as error:
        return await _list(request, hub, actor, Asked(), given={**given, "roles": chosen}, refusal=error)
    return await _account(request, hub, actor, account.name, password=made, done="changed")


@router.get("/accounts/{name}")
async def account_page(request: Request, hub: HubDep, actor: VisitorDep, name: str, done: str = "") -> Response:
    """Show an account."""
    return await _account(request, hub, actor, name, done=done)


@router.post("/accounts/{name}")
async def change_account(request: Request, hub: HubDep, actor: VisitorDep, name: str, form: FormDep) -> Response:
    """Change what an account may do; close, open or unlock it."""
    try:
        match str(form.get("act", "")):
            case "close" | "open" as act:
                await users.change_user(hub, actor, name, active=act == "open")
                done = "opened" if act == "open" else "closed"
            case "unlock":
                await users.change_user(hub, actor, name)
                done = "unlocked"
            case _:
                groups = _groups(str(form.get("groups", "")))
                await users.change_user(hub, actor, name, roles=_roles(form), groups=groups)
                done = "changed"
    except (InputError, ConflictError) as error:
        return await _account(request, hub, actor, name, refusal=error)
    return RedirectResponse(f"/accounts/{quote(name, safe='')}?done={done}", status_code=HTTPStatus.SEE_OTHER)


@router.post("/accounts/{name}/password")
async def reset_password(request: Request, hub: HubDep, actor: VisitorDep, name: str, form: FormDep) -> Response:
    """Give an account a new password, and show it this once if nobody typed one."""
    account = await users.account(hub, actor, name)
    try:
        password, made = _password(hub, str(form.get("password", "")), (name, account.full_name))
        await users.set_password(hub, actor, name, password)
    except InputError as error:
        return await _account(request, hub, actor, name, refusal=error)
    return await _account(request, hub, actor, name, password=made, done="changed")


def _password(hub: Hub, typed: str, names: tuple[str, str]) -> tuple[str, str]:
    """Return the password to set, and the same to be shown when it was made here."""
    if typed:
        return typed, ""
    made = passwords.made(names, hub.settings.password_min_length)
    return made, made


def _roles(form: FormData) -> list[str]:
    return [each for each in form.getlist("role") if isinstance(each, str)]


def _groups(text: str) -> list[str]:
    found = sorted({each.strip() for each in text.replace("\n", ",").split(",") if each.strip()})
    if len(found) > _MOST_GROUPS or any(len(each) > _LONGEST for each in found):
        problem = view.message("These are too many groups, or a name of one is too long.")
        raise InputError(problem, hint=view.message("Separate them by commas."))
    return found


def _is_locked(account: users.Account) -> bool:
    return account.locked_until is not None and account.locked_until > datetime.now(UTC)


async def _list(
    request: Request,
    hub: Hub,
    actor: Actor,
    asked: Asked,
    *,
    given: Mapping[str, Any] | None = None,
    refusal: CauceError | None = None,
) -> Response:
    actor.require("keep accounts")
    found = await users.find_users(
        hub, actor, asked.wanted, after=asked.after, before=asked.before, limit=people_query.page_size
    )
    return view.render(
        request,
        "accounts.html",
        accounts=found.accounts,
        **people_query.shown("/accounts", asked, found, await users.list_groups(hub, actor)),
        given={**_NOTHING, "locale": view.language_of(request).code, **(given or {})},
        roles=roles,
        rules=rules_of(request, hub),
        is_locked=_is_locked,
        refusal=refusal,
    )


async def _account(
    request: Request,
    hub: Hub,
    actor: Actor,
    name: str,
    *,
    password: str = "",
    done: str = "",
    refusal: CauceError | None = None,
) -> Response:
    account = await users.account(hub, actor, name)
    return view.render(
        request,
        "account.html",
        account=account,
        own=account.name == actor.name,
        roles=roles,
        rules=rules_of(request, hub),
        is_locked=_is_locked,
        second_step=account.local and await second_factors.needed(hub, name),
        password=password,
        message=view.language_of(request).gettext(notices.get(done, "")),
        refusal=refusal,
    )
