"""`cauce users`: adds people, lists them, says what they can do, changes their passwords."""

import secrets
import sys
from typing import Annotated

import typer

from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.services import people, users
from cauce.services.hub import Actor, Hub, roles

app = typer.Typer(no_args_is_help=True)
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
    password = _read_password() if password_stdin else secrets.token_urlsafe(12)

    async def work(hub: Hub, actor: Actor) -> users.Account:
        return await users.create_user(
            hub, actor, name, password, roles=role or ["staff"], groups=group or [], full_name=full_name, locale=locale
        )

    account = session.run(work, data_dir=data_dir)
    made = None if password_stdin else password
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
    new = _read_password() if password_stdin else secrets.token_urlsafe(12)

    async def work(hub: Hub, actor: Actor) -> None:
        await users.set_password(hub, actor, name, new)

    session.run(work, data_dir=data_dir)
    made = None if password_stdin else new
    if as_json:
        output.document({"user": name, "password": made})
    else:
        output.say(f"{name} has a new password.")
        if made:
            output.line(f"password: {made}")


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
    return sys.stdin.readline().rstrip("\r\n")
