"""`cauce connect`: makes connections, and kinds of them, and finds out how good they are."""

import typer

from cauce.cli.connect.browse import browse
from cauce.cli.connect.certify import certify
from cauce.cli.connect.drift import drift
from cauce.cli.connect.importing import import_
from cauce.cli.connect.new import new
from cauce.cli.connect.quality import quality
from cauce.cli.connect.recording import export, forget, record, samples
from cauce.cli.connect.replay import replay

app = typer.Typer(no_args_is_help=True)
app.command("import")(import_)
app.command("browse")(browse)
app.command("new")(new)
app.command("quality")(quality)
app.command("certify")(certify)
app.command("record")(record)
app.command("samples")(samples)
app.command("export")(export)
app.command("replay")(replay)
app.command("forget")(forget)
app.command("drift")(drift)


@app.callback()
def connect() -> None:
    """Make connections and kinds of them, and find out how good they are."""
