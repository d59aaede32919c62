"""`cauce tokens`: creates tokens for programs that use the API."""

from datetime import timedelta
from typing import Annotated

import typer

from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.services import users
from cauce.services.hub import Actor, Hub

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    pass


@app.command()
def create(
    user: Annotated[str, typer.Argument(metavar="USER", help="The account that the program acts as.")],
    *,
    label: Annotated[str, typer.Option(help="What the token is for.")] = "",
    scope: Annotated[list[str] | None, typer.Option(metavar="ROLE", help="Only this role; may be repeated.")] = None,
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
