"""What the embedded stack needs before anybody can use it: the tables of the store, and an administrator."""

import asyncio
import os
from pathlib import Path

from cauce.services import users
from cauce.services.access import first_login, passwords
from cauce.services.access.first_login import FirstLogin
from cauce.services.hub import Actor, open_hub
from cauce.settings import Settings
from cauce.store.migrations import upgrade

_system = Actor("system", frozenset({"admin"}))


async def prepare(settings: Settings) -> FirstLogin | None:
    """Bring the store up to date; make an administrator when there is no account at all, and return it."""
    await asyncio.to_thread(upgrade, settings.store_url)
    async with open_hub(settings) as hub:
        if await users.list_users(hub, _system):
            return None
        login = first_login.of(settings.data_dir)
        password = passwords.made((login.user,), settings.password_min_length)
        # Written first: an account whose password nobody knows would help nobody.
        _write_private(login.file, password)
        if not await users.ensure_user(hub, login.user, password, roles=["admin"], lasting=False):
            return None
    return login


def _write_private(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as open_file:
        open_file.write(text + "\n")
