"""`cauce events`: sends events, and shows the log of all that came."""

import uuid
from pathlib import Path
from typing import Annotated

import typer

from cauce.cli import inputs, output, session
from cauce.cli.data_dir import DataDir
from cauce.contract import JSON
from cauce.errors import InputError
from cauce.services import events
from cauce.services.hub import Actor, Hub

app = typer.Typer(no_args_is_help=True)
_SOURCE = "urn:cauce:cli"


@app.command()
def send(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="A CloudEvent: a file, JSON, or - for stdin.")],
    *,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Send an event; without `id` and `source` it gets some of its own."""
    given = whole(event)

    async def work(hub: Hub, actor: Actor) -> events.Receipt:
        return await events.receive(hub, actor, given)

    receipt = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document(receipt)
        return
    output.line(f"{receipt.sequence}" if receipt.new else f"{receipt.sequence} (it was there already)")
    for each in receipt.caused:
        output.say(f"{each.definition}: {each.state} {each.instance} {each.problem}".rstrip())


@app.command("list")
def list_(
    *,
    type_: Annotated[str | None, typer.Option("--type", help="Only of this type.")] = None,
    source: Annotated[str | None, typer.Option(help="Only from this source.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 50,
    page: Annotated[str | None, typer.Option(metavar="CURSOR", help="Where to go on, from the last page.")] = None,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """List the events of the log, the newest first."""

    async def work(hub: Hub, actor: Actor) -> events.Page:
        return await events.list_events(hub, actor, type_=type_, source=source, after=page, limit=limit)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document(found)
        return
    rows = [
        (one.sequence, one.event["type"], one.event["source"], one.event.get("subject"), one.received_at, one.instance)
        for one in found.events
    ]
    columns = ("place", "type", "source", "subject", "received", "emitted by")
    output.table("Events", columns, rows, empty="No event came yet.", more=found.next)


def whole(text: str) -> dict[str, JSON]:
    """Return the event that a text is, or that is in the file it names, with what every event needs.

    Raises:
        InputError: It is no event.
    """
    is_json = text.lstrip().startswith(("{", "[")) or text == "-" or text.startswith("@")
    given = inputs.value(text, "the event") if is_json else inputs.parse(inputs.file_text(Path(text)), text)
    if not isinstance(given, dict):
        raise InputError("An event is a JSON object.", hint='Such as {"type": "com.example.paid", "data": {}}.')
    return {"id": str(uuid.uuid4()), "source": _SOURCE, **given}
