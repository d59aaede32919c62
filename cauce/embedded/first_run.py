"""What the embedded stack needs before anybody can use it: the tables of the store, and an administrator."""

import asyncio
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cauce.services import users
from cauce.services.hub import Actor, open_hub
from cauce.settings import Settings
from cauce.store.migrations import upgrade

administrator = "admin"
_system = Actor("system", frozenset({"admin"}))


@dataclass(frozen=True, slots=True)
class FirstRun:
    """The account of the first run; its password is in `file`, which only its owner can read."""

    user: str
    file: Path


async def prepare(settings: Settings) -> FirstRun | None:
    """Bring the store up to date; make an administrator when there is no account at all, and return it."""
    await asyncio.to_thread(upgrade, settings.store_url)
    async with open_hub(settings) as hub:
        if await users.list_users(hub, _system):
            return None
        password, file = secrets.token_urlsafe(15), settings.data_dir / "admin-password"
        # Written first: an account whose password nobody knows would help nobody.
        _write_private(file, password)
        if not await users.ensure_user(hub, administrator, password, roles=["admin"]):
            return None
    return FirstRun(administrator, file)


def _write_private(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as open_file:
        open_file.write(text + "\n")
