"""`cauce users`: adds people, lists and changes them, says what they can do, changes how they log in."""

import sys
from typing import Annotated

import typer

from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.errors import InputError
from cauce.services import people, users
from cauce.services.access import passwords, second_factors
from cauce.services.hub import Actor, Hub, roles

app = typer.Typer(no_args_is_help=True)
totp = typer.Typer(no_args_is_help=True, help="The second step of people's logins.")
app.add_typer(totp, name="totp")
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name to log in with.")]
# Never an option with the password itself: other people of the machine see command lines.
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@app.command()
def add(
    name: Name,
    *,
    role: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(roles)}; may be repeated.")] = None,
    group: Annotated[list[str] | None, typer.Option(help="A group whose tasks they do; may be repeated.")] = None,
    full_name: Annotated[str, typer.Option(help="The name people know them by.")] = "",
    locale: Annotated[str, typer.Option(help="en or es.")] = "en",
    password_stdin: FromStdin = False,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Add an account; without --password-stdin a password is made and printed once."""
    given = _read_password() if password_stdin else None

    async def work(hub: Hub, actor: Actor) -> tuple[users.Account, str | None]:
        new = given or _made(hub, name, full_name)
        account = await users.create_user(
            hub, actor, name, new, roles=role or ["staff"], groups=group or [], full_name=full_name, locale=locale
        )
        return account, None if given else new

    account, made = session.run(work, data_dir=data_dir)
    if as_json:
        output.document({"account": account, "password": made})
    else:
        output.say(f"Added {account.name} with the roles {', '.join(account.roles)}.")
        if made:
            output.line(f"password: {made}")


@app.command("list")
def list_(*, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """List the accounts."""
    found = session.run(users.list_users, data_dir=data_dir)
    if as_json:
        output.document({"users": found})
        return
    rows = [(one.name, one.full_name, ", ".join(one.roles), ", ".join(one.groups), one.active) for one in found]
    output.table("Accounts", ("name", "full name", "roles", "groups", "active"), rows, empty="There are no accounts.")


@app.command()
def password(
    name: Name, *, password_stdin: FromStdin = False, data_dir: DataDir = None, as_json: output.AsJson = False
) -> None:
    """Give an account a new password; without --password-stdin one is made and printed once."""
    given = _read_password() if password_stdin else None

    async def work(hub: Hub, actor: Actor) -> str | None:
        new = given or _made(hub, name)
        await users.set_password(hub, actor, name, new)
        return None if given else new

    made = session.run(work, data_dir=data_dir)
    if as_json:
        output.document({"user": name, "password": made})
    else:
        output.say(f"{name} has a new password.")
        if made:
            output.line(f"password: {made}")


@app.command()
def change(
    name: Name,
    *,
    role: Annotated[list[str] | None, typer.Option(help="A role they have from now on; may be repeated.")] = None,
    group: Annotated[list[str] | None, typer.Option(help="A group whose tasks they do; may be repeated.")] = None,
    active: Annotated[
        bool | None, typer.Option("--open/--close", help="Close it: they are out at once, and so is what they claimed.")
    ] = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Change what an account may do, or close it; what is not given stays. A locked account is open again."""

    async def work(hub: Hub, actor: Actor) -> users.Account:
        return await users.change_user(hub, actor, name, roles=role, groups=group, active=active)

    account = session.run(work, data_dir=data_dir)
    if as_json:
        output.document(account)
        return
    shown = {"roles": ", ".join(account.roles), "groups": ", ".join(account.groups), "active": account.active}
    output.pairs(account.name, shown)


@totp.callback()
def _totp() -> None:
    pass


@totp.command()
def reset(name: Name, *, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """Take the second step of somebody's login away, who lost the telephone and the recovery codes."""

    async def work(hub: Hub, actor: Actor) -> None:
        await second_factors.reset(hub, actor, name)

    session.run(work, data_dir=data_dir)
    if as_json:
        output.document({"user": name})
    else:
        output.say(f"{name} logs in by password alone, until they set the second step up again.")


@app.command()
def profile(  # noqa: PLR0913 - one parameter for each option
    name: Name,
    *,
    skill: Annotated[list[str] | None, typer.Option(help="What they can do; may be repeated, '' for none.")] = None,
    language: Annotated[list[str] | None, typer.Option(help="A language they speak; may be repeated.")] = None,
    territory: Annotated[list[str] | None, typer.Option(help="Whom they look after; may be repeated.")] = None,
    capacity: Annotated[
        float | None, typer.Option(help="How much they take: 1 is usual, 0.5 half, 0 nothing by itself.")
    ] = None,
    group: Annotated[list[str] | None, typer.Option(help="A group whose tasks they do; may be repeated.")] = None,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Show what somebody can do, or change it: tasks find people by it. What is not given stays."""
    given = (skill, language, territory, capacity, group)

    async def work(hub: Hub, actor: Actor) -> people.Profile:
        if all(each is None for each in given):
            return await people.profile(hub, actor, name)
        lists = (None if each is None else [one for one in each if one] for each in (skill, language, territory, group))
        skills, languages, territories, groups = lists
        change = people.Change(skills, languages, territories, capacity, groups)
        return await people.change_profile(hub, actor, name, change)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document(found)
        return
    lists = {key: ", ".join(getattr(found, key)) for key in ("groups", "skills", "languages", "territories")}
    output.pairs(found.name, {**lists, "capacity": f"{found.capacity:g}", "open tasks": found.load})


def _read_password() -> str:
    if not (password := sys.stdin.readline().rstrip("\r\n")):
        raise InputError("There is no password on standard input.", hint="Send it there, on a line of its own.")
    return password


def _made(hub: Hub, *names: str) -> str:
    return passwords.made(names, hub.settings.password_min_length)
