"""`cauce tokens`: creates, lists and ends tokens for programs that use the API."""

from datetime import timedelta
from typing import Annotated

import typer

from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.services import users
from cauce.services.access import tokens
from cauce.services.hub import Actor, Hub, scopes

app = typer.Typer(no_args_is_help=True)


User = Annotated[str, typer.Argument(metavar="USER", help="The account that the program acts as.")]


@app.command()
def create(
    user: User,
    *,
    label: Annotated[str, typer.Option(help="What the token is for.")] = "",
    scope: Annotated[
        list[str] | None, typer.Option(metavar="ROLE", help=f"One of {', '.join(scopes)}; may be repeated.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="For how many days it is good; for ever otherwise.")] = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Create a token and print it; it cannot be seen again."""
    expires_in = timedelta(days=days) if days else None

    async def work(hub: Hub, actor: Actor) -> str:
        return await users.create_token(hub, actor, label=label, scopes=scope or [], expires_in=expires_in)

    token = session.run(work, data_dir=data_dir, as_user=user)
    if as_json:
        output.document({"user": user, "token": token})
    else:
        output.line(token)


@app.command("list")
def list_(user: User, *, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """List the tokens of an account; what they are limited to, until when, and when they were used."""
    found = session.run(tokens.list_tokens, data_dir=data_dir, as_user=user)
    if as_json:
        output.document({"tokens": found})
        return
    rows = [(one.id, one.label, ", ".join(one.scopes), one.expires_at or "", one.last_used or "") for one in found]
    columns = ("id", "label", "limited to", "good until", "last used")
    output.table("Tokens", columns, rows, empty=f"{user} has no tokens.")


@app.command()
def end(
    user: User,
    token: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")],
    *,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Make a token worth nothing, at once."""

    async def work(hub: Hub, actor: Actor) -> None:
        await tokens.end_token(hub, actor, token)

    session.run(work, data_dir=data_dir, as_user=user)
    if as_json:
        output.document({"user": user, "ended": token})
    else:
        output.say(f"The token {token} is worth nothing any more.")
