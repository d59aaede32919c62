"""Fetches the descriptions of services that calls name, from the web or from the folder of the definitions."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from cauce.errors import PermanentError
from cauce.resources import MAX_BYTES
from workflows.asyncapi import channel_of
from workflows.checking.references import Reference, reference_of
from workflows.checking.walk import all_tasks

JSON = Any
# Which argument of a call describes the other side, and what kind of file that is.
_DESCRIBED: Final = {"asyncapi": ("document", {".json", ".yaml", ".yml"}), "grpc": ("proto", {".proto"})}


def descriptions(document: Mapping[str, JSON]) -> Iterator[tuple[Reference, Mapping[str, JSON]]]:
    """Yield every description that a call of a process names, with its task."""
    for pointer, _, task in all_tasks(document):
        if not isinstance(task, Mapping) or task.get("call") not in _DESCRIBED:
            continue
        argument, _kinds = _DESCRIBED[task["call"]]
        given = task.get("with")
        found = reference_of(given.get(argument), f"{pointer}/with/{argument}") if isinstance(given, Mapping) else None
        if found is not None:
            yield found, task


async def check(task: Mapping[str, JSON], content: JSON) -> None:
    """Check that a call and the description fit each other.

    Raises:
        CauceError: They do not.
    """
    given = task["with"]
    if task["call"] == "grpc" and "${" not in f"{given['service']['name']}{given['method']}":
        from activities.protobuf import Descriptions  # noqa: PLC0415 - only who publishes such calls pays for it

        await Descriptions().method(content, given["service"]["name"], given["method"])
    if task["call"] == "asyncapi" and "${" not in str(given.get("server")):
        channel_of(content, given, receives="subscription" in given)


async def from_folder(folder: Path, uri: str) -> str:
    """Return the text of a file below the folder of the definitions.

    Raises:
        PermanentError: There is no such file, or it is elsewhere.
    """
    parts = urlsplit(uri)
    wanted = f"{parts.netloc}{unquote(parts.path)}".lstrip("/")
    known = {kind for _, kinds in _DESCRIBED.values() for kind in kinds}
    try:
        return await asyncio.to_thread(_text, folder, wanted, known)
    except (OSError, ValueError) as cause:
        raise PermanentError(
            f"There is no file `{wanted}` in the folder of the definitions.",
            hint="Files are looked for where CAUCE_DEFINITIONS_DIR points, and nowhere else.",
        ) from cause


def _text(folder: Path, wanted: str, kinds: set[str]) -> str:
    file = (folder / wanted).resolve(strict=True)
    if not file.is_relative_to(folder.resolve()) or file.suffix not in kinds or file.stat().st_size > MAX_BYTES:
        raise FileNotFoundError(wanted)
    return file.read_text(encoding="utf-8")
