"""`cauce connect new`: makes the folder of a new connector kind."""

from pathlib import Path
from typing import Annotated

import typer

from cauce.cli import output
from cauce.sdk.making import make


def new(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="Its name, as connections will write it: `shout`.")],
    *,
    folder: Annotated[
        Path, typer.Option("--in", metavar="FOLDER", help="The checkout of Cauce, or where the package's folder goes.")
    ] = Path(),
    package: Annotated[
        bool, typer.Option("--package", help="Make a package of its own, which is installed beside Cauce.")
    ] = False,
    about: Annotated[
        str, typer.Option("--about", metavar="TEXT", help="What it talks to, for the table of kinds.")
    ] = "",
    as_json: output.AsJson = False,
) -> None:
    """Make a connector kind that runs: settings, a call over HTTP, a connection test, and its tests.

    In a checkout of Cauce it is a folder below `connectors/`. Nothing that exists is written over.
    """
    made = make(kind, folder, package=package, about=about)
    if as_json:
        output.document({"kind": kind, "files": [str(each) for each in made.files], "next": made.next})
        return
    for each in made.files:
        output.line(str(each))
    output.say(f"Next: {made.next}")
