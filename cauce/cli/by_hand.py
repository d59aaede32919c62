"""`cauce instances by-hand`: what people did in other systems instead of a call, and whether those have it by now."""

from typing import Annotated

import typer

from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.cli.imports import imported
from cauce.services import by_hand
from cauce.services.by_hand import DoneView
from cauce.services.hub import Actor, Hub

Ask = Annotated[bool, typer.Option("--ask", help="Ask the systems now whether they have it.")]
Settle = Annotated[
    int | None, typer.Option("--settle", metavar="NUMBER", help="Note that you looked, and all is well.")
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="What you found; --settle asks for it.")]


def by_hand_(
    *,
    ask: Ask = False,
    settle: Settle = None,
    reason: Reason = "",
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
    as_json: output.AsJson = False,
) -> None:
    """List the calls that people did by hand, and that no system has confirmed yet."""

    async def work(hub: Hub, actor: Actor) -> list[DoneView]:
        try:
            if settle is not None:
                return [await by_hand.settle(hub, actor, settle, reason)]
            return await (by_hand.reconcile(hub, actor) if ask else by_hand.list_done(hub, actor))
        finally:
            await imported("cauce.http").close_sessions()  # which other commands of the group have no use for

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document({"byHand": found})
        return
    rows = [
        (one.id, one.state, f"{one.operation}@{one.connection}", one.key, one.answer, one.found, one.by, one.problem)
        for one in found
    ]
    head = ("number", "state", "instead of", "key", "answer", "the system has", "by", "")
    output.table("Done by hand", head, rows, empty="Nothing is left that was done by hand.")
