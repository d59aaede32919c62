"""`cauce connect`: makes connections, from nothing or from a contract, and finds out how good they are."""

import typer

from cauce.cli.connect.importing import import_

app = typer.Typer(no_args_is_help=True)
app.command("import")(import_)


@app.callback()
def connect() -> None:
    """Make connections, and find out how good they are."""
