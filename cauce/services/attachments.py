"""Files at a task: attached by who may do it, opened by who may see it."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cauce.errors import ConflictError, ForbiddenError, InputError, NotFoundError, TooLargeError
from cauce.file_types import MIME, kind_of, safe_name
from cauce.form_rules import path_of
from cauce.form_schemas import paths
from cauce.services import tasks
from cauce.services.hub import Actor, Hub
from cauce.store import attachments, audit, blobs
from cauce.virus_scan import infection

JSON = Any
Map = Mapping[str, JSON]
log = logging.getLogger(__name__)
_DEEPEST: Final = 40


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is given to who opens it."""

    name: str
    type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class FileRule:
    """What may be attached in a field."""

    kinds: tuple[str, ...]
    most_bytes: int


async def attach(hub: Hub, actor: Actor, task_id: str, pointer: str, name: str, content: bytes) -> dict[str, JSON]:
    """Keep a file for a field of a task's form; return it as the answer holds it.

    Raises:
        InputError: It is not what may be attached there, or something was found in it.
        TooLargeError: The file is too large, or the task has too many.
        TransientError: The virus scanner does not answer.
    """
    task = await tasks.task(hub, actor, task_id)
    if not task.may_act:
        raise ForbiddenError("You cannot attach files to this task.", hint="Claim it first.")
    given, kind = checked(hub, task.form_document, pointer, name, content)
    await _check_room(hub, task)
    await scan(hub, pointer, content, f"task {task_id}")
    file = attachments.NewFile(task.instance, given, kind, content, task_id, actor.name, task.ancestors)
    async with hub.store.transaction() as db:
        kept = attachments.described(await attachments.keep(db, file))
        said = {"instance": task.instance, "sha256": kept["sha256"], "size": kept["size"]}
        await audit.append(db, actor.name, "task.attach", task_id, said)
    return kept


def checked(hub: Hub, form: JSON, pointer: str, name: str, content: bytes) -> tuple[str, str]:
    """Return the name that a file is kept under and its type; raises InputError when it may not be attached there."""
    given = safe_name(name)
    return given, MIME[_kind(file_rule(hub, form, pointer), pointer, given, content)]


async def scan(hub: Hub, pointer: str, content: bytes, place: str) -> None:
    """Raise InputError when the virus scanner finds something, TransientError when it does not answer."""
    if hub.settings.virus_scanner and (found := await infection(hub.settings.virus_scanner, content)):
        log.warning("A file for %s was refused: %s", place, found)
        raise _refused(pointer, "The virus scanner refuses this file.")


async def attached(hub: Hub, instance: str, task_id: str) -> dict[str, dict[str, JSON]]:
    """Return what was attached to a task, by digest; the caller may see the task."""
    async with hub.store.read() as db:
        return {row.digest: attachments.described(row) for row in await attachments.of_task(db, instance, task_id)}


async def open_file(hub: Hub, actor: Actor, task_id: str, digest: str) -> File:
    """Return a file that was attached to a task that the actor may see, or that the task's data names.

    What the data names has to be a file of the same instance, of one that runs it as a sub-process, or of one that it
    runs: data comes from outside, and may name anything. Where something is covered, a file is only opened by who sees
    its name, or has attached it.
    """
    task = await tasks.task(hub, actor, task_id)
    async with hub.store.read() as db:
        for row in await attachments.in_tree(db, task.instance, task.ancestors, digest):
            attached = row.task == task_id and (not task.covered or row.by == actor.name)
            if attached or digest in digests(task.data) or digest in digests(task.answer):
                return File(row.name, row.type, await blobs.get(db, digest))
    raise NotFoundError("This task has no such file.", hint="Open the task again.")


def file_rule(hub: Hub, form: JSON, pointer: str) -> FileRule:
    """Return what may be attached in the field at a pointer."""
    path = path_of(pointer)
    field = paths((form or {}).get("schema")).get(path) or {}
    if "attachment" not in {field.get("format"), (field.get("items") or {}).get("format")}:
        raise _refused(pointer, "This is not a field for files.")
    rule = ((form.get("ui") or {}).get("files") or {}).get(path) or {}
    most = hub.settings.max_attachment_bytes
    return FileRule(tuple(rule.get("types") or MIME), min(most, rule.get("bytes") or most))


def _kind(rule: FileRule, pointer: str, name: str, content: bytes) -> str:
    if not content:
        raise _refused(pointer, "The file is empty.")
    if len(content) > rule.most_bytes:
        raise _refused(pointer, f"The file may have at most {rule.most_bytes:,} bytes.")
    kind = kind_of(name, content)
    if kind is None or kind not in rule.kinds:
        raise _refused(pointer, f"The file must be one of {', '.join(rule.kinds)}, by its name and its content.")
    return kind


async def _check_room(hub: Hub, task: tasks.TaskView) -> None:
    if task.closed_at:
        raise ConflictError(f"The task is {task.state}.", hint="Reload the inbox.")
    async with hub.store.read() as db:
        count = len(await attachments.of_task(db, task.instance, task.id))
    if count >= hub.settings.max_attachments:
        raise TooLargeError(f"The task has {count} files already.", hint="Leave it at those.")


def _refused(pointer: str, problem: str) -> InputError:
    return InputError(problem, hint="Attach another file.", errors=[{"pointer": pointer, "problem": problem}])


def digests(data: JSON) -> set[str]:
    """Return the digests of all files that some data names."""
    return set(_found(data, 0))


def _found(data: JSON, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(data, Mapping):
        if isinstance(data.get("sha256"), str):
            yield data["sha256"]
        for each in data.values():
            yield from _found(each, depth + 1)
    elif isinstance(data, list):
        for each in data:
            yield from _found(each, depth + 1)
