"""Accounts with a password here: made and changed by admins."""

from datetime import datetime
from http import HTTPStatus

from pydantic import BaseModel, Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.schemas import Model
from api.rest.subject import subject
from cauce.services import users
from cauce.services.access import second_factors

router = subject("people")


class Account(Model):
    """An account, without its password."""

    name: str = Field(examples=["ana"])
    full_name: str = Field(examples=["Ana Ruiz"])
    roles: list[str] = Field(examples=[["staff"]])
    groups: list[str] = Field(examples=[["sales"]])
    locale: str = Field(examples=["es"])
    active: bool
    locked_until: datetime | None = Field(description="Until when it takes no login, after several wrong ones.")
    password_to_change: bool = Field(
        description="Whether somebody else made the password, and another one has to be chosen at the next login."
    )


class NewAccount(BaseModel):
    """The account to make."""

    name: str = Field(max_length=100, description="The name to log in with.", examples=["ana"])
    password: str = Field(description="`GET /me/password-rules` says what it must be.", examples=["quiet harbour lamp"])
    full_name: str = Field("", max_length=200, examples=["Ana Ruiz"])
    roles: list[str] = Field(["staff"], examples=[["staff"]])
    groups: list[str] = Field([], examples=[["sales"]])
    locale: str = Field("en", pattern="^(en|es)$", examples=["es"])


class AccountChange(BaseModel):
    """What is to change; what is left out stays."""

    roles: list[str] | None = Field(None, examples=[["staff", "manager"]])
    groups: list[str] | None = Field(None, examples=[["sales"]])
    active: bool | None = Field(None, description="Closed accounts are out at once.", examples=[False])


class NewPassword(BaseModel):
    """A new password for somebody."""

    password: str = Field(examples=["quiet harbour lamp"])


@router.post("/people", status_code=HTTPStatus.CREATED, response_model=Account, responses=documented(409, 422))
async def create_account(hub: HubDep, actor: CallerDep, given: NewAccount) -> users.Account:
    """Make an account with a password, which its person changes at the first login."""
    wanted = given.model_dump()
    return await users.create_user(hub, actor, wanted.pop("name"), wanted.pop("password"), **wanted)


@router.patch("/people/{name}/account", response_model=Account, responses=documented(404, 422))
async def change_account(hub: HubDep, actor: CallerDep, name: str, given: AccountChange) -> users.Account:
    """Change what an account may do, or close it; a locked one is open again."""
    return await users.change_user(hub, actor, name, **given.model_dump())


@router.put("/people/{name}/password", status_code=HTTPStatus.NO_CONTENT, responses=documented(404, 422))
async def set_password(hub: HubDep, actor: CallerDep, name: str, given: NewPassword) -> None:
    """Give an account a new password; its sessions end, and its person chooses another one at the next login."""
    actor.require("change passwords without the old one")
    await users.set_password(hub, actor, name, given.password)


@router.delete("/people/{name}/second-factor", status_code=HTTPStatus.NO_CONTENT, responses=documented(404, 409))
async def reset_second_factor(hub: HubDep, actor: CallerDep, name: str) -> None:
    """Take the second step of somebody's login away, who lost the telephone and the recovery codes."""
    await second_factors.reset(hub, actor, name)
