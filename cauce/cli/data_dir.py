"""The folder whose stack a command works with, and the settings that follow from it."""

import os
from pathlib import Path
from typing import Annotated

import typer

from cauce import settings as environment
from cauce.embedded import state
from cauce.settings import Settings

DataDir = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Where the stack keeps its files; CAUCE_DATA_DIR otherwise.")
]


def load_settings(data_dir: Path | None = None) -> Settings:
    """Return the settings; where a stack runs in the data directory, its addresses fill what nobody has set."""
    given = {} if data_dir is None else {"data_dir": data_dir}
    settings = environment.load(**given)
    running = state.running(settings.data_dir)
    if running is None or "CAUCE_TEMPORAL_ADDRESS" in os.environ:
        return settings
    return environment.load(**given, temporal_address=running.addresses.temporal)
