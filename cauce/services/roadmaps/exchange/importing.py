"""Takes a plan of another program over: a draft of a roadmap, which nobody has published yet."""

import asyncio
from pathlib import PurePath
from typing import Final

from cauce.errors import InputError, TooLargeError
from cauce.services.hub import Actor, Role
from cauce.services.roadmaps.exchange.csv_reading import read_csv
from cauce.services.roadmaps.exchange.drafting import Draft, draft
from cauce.services.roadmaps.exchange.mspdi_reading import read_mspdi

MAX_BYTES: Final = 16 * 2**20
importers: Final[tuple[Role, ...]] = ("designer", "manager")


async def drafted(actor: Actor, content: bytes, file: str, name: str = "") -> Draft:
    """Return a draft for somebody who writes definitions; raises as `imported` does."""
    actor.require("take over a plan", *importers)
    return await asyncio.to_thread(imported, content, file, name)


def imported(content: bytes, file: str, name: str = "") -> Draft:
    """Return a draft of what a file holds: Microsoft Project's XML, or CSV.

    Raises:
        InputError: It is neither, or holds what cannot be; says where.
        TooLargeError: It has more than 16 MB.
    """
    if len(content) > MAX_BYTES:
        raise TooLargeError(f"The file has more than {MAX_BYTES // 2**20} MB.", hint="Hand it over in parts.")
    if PurePath(file).suffix.lower() != ".csv":
        return draft(read_mspdi(content), name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("The file is not UTF-8.", hint="Save it as CSV UTF-8.") from error
    return draft(read_csv(text.splitlines(), PurePath(file).stem), name)
