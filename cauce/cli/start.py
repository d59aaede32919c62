"""`cauce start`: starts an instance of a published process."""

from typing import Annotated

import typer

from cauce.cli import inputs, output, session
from cauce.cli.data_dir import DataDir
from cauce.services import instances
from cauce.services.hub import Actor, Hub


def start(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The process, as namespace.name.")],
    *,
    data: inputs.Input = None,
    key: Annotated[str | None, typer.Option(help="The business key; one is made otherwise.")] = None,
    version: Annotated[str | None, typer.Option(help="The version; the latest otherwise.")] = None,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Start an instance and print its id."""
    given = inputs.value(data)

    async def work(hub: Hub, actor: Actor) -> instances.InstanceRef:
        return await instances.start(hub, actor, name, given, version=version, key=key)

    started = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document(started)
    else:
        output.line(started.id)
