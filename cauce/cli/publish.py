"""`cauce publish`: checks definition files and makes them known to the hub, all or none."""

from pathlib import Path
from typing import Annotated

import typer

from cauce.cli import output, session, sources
from cauce.cli.data_dir import DataDir
from cauce.errors import DefinitionError
from cauce.services import definitions
from cauce.services.hub import Actor, Hub


def publish(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Definition files, or folders of them.")],
    *,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Publish definitions together: all of them, or none when one is wrong.

    Running instances stay on the version they started with.
    """
    read = sources.read(paths)
    if read.unreadable:
        raise DefinitionError(
            f"Nothing was published: {len(read.unreadable)} errors.",
            hint="Mend them and publish again.",
            findings=read.unreadable,
        )

    async def work(hub: Hub, actor: Actor) -> list[definitions.Published]:
        return await definitions.publish(hub, actor, read.asked)

    published = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document({"published": published})
        return
    rows = [(one.kind, one.full_name, one.version, _news(one)) for one in published]
    output.table("Published", ("kind", "name", "version", ""), rows, empty="There was nothing to publish.")


def _news(one: definitions.Published) -> str:
    if one.outdated:
        return "unchanged; raise its version to use what changed in its forms, tables or connections"
    return "new" if one.new else "unchanged"
