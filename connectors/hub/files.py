"""The operations on files of instances: `adopt-files` and `find-files`."""

from collections.abc import Mapping
from typing import Any, Final

from cauce.connector import JSON
from cauce.errors import PermanentError
from cauce.store import Db, attachments

_MOST: Final = 50


async def adopt_files(db: Db, params: Mapping[str, Any]) -> JSON:
    """Make `files` that the instance `from` took in files of `instance`, too; those that it has not are left out."""
    source, instance, digests = _given(params)
    return {"files": [attachments.described(row) for row in await attachments.adopt(db, source, instance, digests)]}


async def find_files(db: Db, params: Mapping[str, Any]) -> JSON:
    """Return those of `files` that `instance` has, or null when it has none."""
    _, instance, digests = _given(params)
    found = [attachments.described(row) for row in await attachments.of_instance(db, instance, digests)]
    return {"files": found} if found else None


def _given(params: Mapping[str, Any]) -> tuple[str, str, list[str]]:
    source, instance, files = (params.get(name) for name in ("from", "instance", "files"))
    if not isinstance(source, str) or not isinstance(instance, str) or not isinstance(files, list):
        raise PermanentError("Files are of an instance.", hint="Give `from`, `instance` and `files`.")
    return source, instance, [str(each.get("sha256")) for each in files[:_MOST] if isinstance(each, Mapping)]
