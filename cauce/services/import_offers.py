"""Imports what a person offers on a page: an upload, an address, or settings of a database; never a path of ours.

Addresses are fetched as far as the environment allows them to processes. An upload lies in a folder of its own while it
is read; the file that comes out says where it has to be put.
"""

import asyncio
import dataclasses
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import urlsplit

from cauce.errors import ForbiddenError, InputError
from cauce.http import HttpRequest, exchange, policy_of
from cauce.importing import MAX_BYTES, slug
from cauce.services.hub import Actor, Hub
from cauce.services.importing import Imported, Wish, import_contract, refusal
from cauce.services.yaml_text import scalar

JSON = Any
_TIMEOUT_S: Final = 30.0
_database: Final = re.compile(r"\s*(?:[\w ]+=[^;]*;)*\s*(?:dsn|driver)\s*=", re.IGNORECASE)
_sqlite: Final = b"SQLite format 3\0"
_unsafe: Final = re.compile(r"[^A-Za-z0-9._-]+")
_here: Final = "`wsdl` lies on this machine; every worker has to find it there."
_elsewhere: Final = "Put what you uploaded where every worker finds it, and give its path or address as the setting."


@dataclasses.dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody sent."""

    name: str
    content: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class Offered:
    """What is offered, and what somebody says about it: its kind, the connection's name, which operations."""

    source: str = ""
    upload: Upload | None = None
    kind: str = ""
    name: str = ""
    only: tuple[str, ...] = ()


def require(actor: Actor) -> None:
    """Raise ForbiddenError unless the actor may import connections."""
    actor.require("import connections", "integrator")


async def import_offered(hub: Hub, actor: Actor, offered: Offered) -> Imported:
    """Return the connection that what is offered describes.

    Raises:
        CauceError: It cannot be had, may not be asked for, or cannot be read.
    """
    require(actor)
    source = offered.source.strip()
    if offered.upload is not None and offered.upload.content:
        return await _from_upload(hub, offered, offered.upload)
    if source.startswith(("http://", "https://")):
        if hub.settings.allow_private_http:
            return await import_contract(_wish(offered, source), hub.settings)
        # Fetched here, where private addresses are found out; what it imports in its turn has to be sent with it.
        body = await _fetched(hub, source)
        upload = Upload(Path(urlsplit(source).path).name, body)
        name = offered.name or slug(Path(urlsplit(source).path).stem) or slug(urlsplit(source).hostname or "")
        return await _from_upload(hub, dataclasses.replace(offered, name=name), upload, source)
    if _database.match(source):
        if not hub.settings.allow_private_http:
            hint = "Use `cauce connect import` where a worker runs."
            raise ForbiddenError("This environment does not ask databases that a page names.", hint=hint)
        return await import_contract(_wish(dataclasses.replace(offered, kind="odbc"), source), hub.settings)
    raise InputError(
        "This is neither an address nor the settings of a database.",
        hint="Write http://… or Driver=…;Server=…;Database=…, or upload the file.",
    )


def _wish(offered: Offered, source: str) -> Wish:
    return Wish(source, kind=offered.kind or None, name=offered.name or None, only=offered.only)


async def _from_upload(hub: Hub, offered: Offered, upload: Upload, address: str = "") -> Imported:
    if upload.content.startswith(_sqlite):
        raise InputError(
            "A database is not uploaded.", hint="Write its settings: Driver=sqlite;Database=/where/workers/find.it"
        )
    if len(upload.content) > MAX_BYTES:
        raise InputError(f"The file is larger than {MAX_BYTES // 2**20} MiB.", hint="Import a smaller part of it.")
    with TemporaryDirectory(prefix="cauce-import-") as folder:
        path = Path(folder) / (_unsafe.sub("-", Path(upload.name).name).strip(".-") or "contract")
        await asyncio.to_thread(path.write_bytes, upload.content)
        imported = await import_contract(_wish(offered, str(path)), hub.settings)
        own = str(path.resolve())
    if own not in imported.text:
        return imported
    place = scalar(address) if address else f"{{setting: {imported.name}-wsdl}}"
    text = imported.text.replace(f'"{own}"', place).replace(own, place)
    said = "" if address else _elsewhere
    decide = tuple(said if each == _here else each for each in imported.decide)
    text = text.replace(f"# - {_here}\n", f"# - {said}\n" if said else "")
    return dataclasses.replace(imported, text=text, decide=tuple(filter(None, decide)))


async def _fetched(hub: Hub, address: str) -> bytes:
    parts = urlsplit(address)
    if parts.username or parts.password:
        raise InputError("An address with a password in it is not read.", hint="Save what is there, and upload it.")
    policy = dataclasses.replace(policy_of(hub.settings), hosts=frozenset({parts.hostname or ""}))
    response = await exchange(
        HttpRequest(
            "GET", address, timeout_s=_TIMEOUT_S, max_bytes=MAX_BYTES, max_redirects=3, policy=policy, effect="read"
        )
    )
    if error := refusal(response):
        raise error
    return response.body
