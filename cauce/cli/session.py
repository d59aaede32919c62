"""Opens what commands work with: the settings, and the hub as the person at this machine uses it."""

import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from cauce import settings as environment
from cauce.cli.data_dir import load_settings
from cauce.errors import SettingsError
from cauce.services import trail
from cauce.services.hub import Actor, Hub, open_hub
from cauce.store.shape import is_current

Result = TypeVar("Result")

AsUser = Annotated[
    str | None, typer.Option("--as", metavar="USER", help="Do it as this account; as an administrator otherwise.")
]


def run(
    work: Callable[[Hub, Actor], Awaitable[Result]], *, data_dir: Path | None, as_user: str | None = None
) -> Result:
    """Open the hub, do the work as the person at this machine or as `as_user`, and close it."""
    settings = load_settings(data_dir)
    if not is_current(settings.store_url):
        raise SettingsError(
            f"The store for {settings.data_dir} has not been made, or is of another version.",
            hint="'cauce up' makes and upgrades it; so does 'cauce store upgrade'. --data-dir names another folder.",
        )

    async def opened() -> Result:
        async with open_hub(settings) as hub:
            return await work(hub, await trail.acting_as(hub, local(), as_user) if as_user else local())

    # A connection to the hub itself opens the store by itself, and has to find the same one.
    with environment.given(data_dir=settings.data_dir):
        return asyncio.run(opened())


def local() -> Actor:
    """Return who sits at this machine: whoever can read the store may do everything, and the audit trail says who."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        name = str(os.getuid())
    return Actor(f"cli:{name}", frozenset({"admin"}))
