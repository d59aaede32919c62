"""Files that travel as the hash of their content: it comes back where they leave, and goes where they come in."""

import asyncio
import base64
from collections.abc import Mapping
from typing import Final

from cauce.contract import JSON
from cauce.errors import InputError, TooLargeError
from cauce.file_types import MIME, kind_of, safe_name
from cauce.store import attachments, blobs
from cauce.store.session import Store

_MOST: Final = 20
_MOST_BYTES: Final = 20_000_000


async def with_files(store: Store, params: JSON) -> JSON:
    """Return the parameters of a mail with the content of the files that are attached to it.

    Raises:
        InputError: What is attached is no file, as `{name, sha256, size, type}`.
        TooLargeError: There are too many files, or they are too large together.
        NotFoundError: The store has no such file.
    """
    given = params.get("attachments") if isinstance(params, Mapping) else None
    if not given:
        return params
    files = given if isinstance(given, list) else [given]
    if not all(isinstance(each, Mapping) and isinstance(each.get("sha256"), str) for each in files):
        raise InputError("What is attached is not a file.", hint="Attach what `render` gives: `${ .file }`.")
    if len(files) > _MOST or sum(int(each.get("size") or 0) for each in files) > _MOST_BYTES:
        raise TooLargeError(f"At most {_MOST} files with {_MOST_BYTES:,} bytes go with a mail.")
    found, left = [], _MOST_BYTES
    for each in files:
        async with store.read() as db:
            content = await blobs.get(db, each["sha256"])
        left -= len(content)
        if left < 0:
            raise TooLargeError(f"At most {_MOST_BYTES:,} bytes of files go with a mail.")
        text = (await asyncio.to_thread(base64.b64encode, content)).decode()
        kind = each.get("type") or "application/octet-stream"
        found.append({"name": str(each.get("name") or "file"), "type": kind, "content": text})
    return {**params, "attachments": found}


async def without_content(store: Store, mail: JSON, instance: str) -> JSON:
    """Return a mail that was read with its files as the store keeps them, as files of the instance.

    Whoever may see a task of that instance may open them. What is of no kind that people can attach is left out, and
    the mail's `problems` say so.
    """
    given = mail.get("attachments") if isinstance(mail, Mapping) else None
    if not isinstance(given, list) or not any(isinstance(each, Mapping) and "content" in each for each in given):
        return mail
    kept: list[JSON] = []
    problems = list(mail.get("problems") or [])
    for each in given[:_MOST]:
        name, content = safe_name(str(each.get("name") or "file")), base64.b64decode(str(each.get("content") or ""))
        kind = kind_of(name, content) if content else None
        if kind is None:
            problems.append(f"The file {name} is of no kind that is kept.")
            continue
        async with store.transaction() as db:
            file = attachments.NewFile(instance, name, MIME[kind], content)
            kept.append(attachments.described(await attachments.keep(db, file)))
    return {**mail, "attachments": kept, "problems": problems}
