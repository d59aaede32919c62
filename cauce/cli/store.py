"""`cauce store`: looks after the tables of the store."""

import typer

from cauce.cli import output
from cauce.cli.data_dir import DataDir, load_settings
from cauce.store.migrations import upgrade
from cauce.store.session import Store
from cauce.store.shape import is_current

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    pass


@app.command("upgrade")
def upgrade_store(*, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """Create or upgrade the tables; doing it again changes nothing."""
    settings = load_settings(data_dir)
    was_current = is_current(settings.store_url)
    upgrade(settings.store_url)
    place = Store(settings.store_url).place
    if as_json:
        output.document({"store": place, "upgraded": not was_current})
    else:
        output.say(f"The store {place} {'was up to date' if was_current else 'is up to date now'}.")
