"""Processes that people start on a page, with the form that the process names (`metadata.cauce.startForm`).

Files that are attached to the form belong to the case that it will be, which its key names before there is one.
"""

from collections.abc import Collection, Iterator
from typing import Any, Final

from cauce.errors import CauceError, ConflictError, InputError, NotFoundError, TooLargeError
from cauce.permissions import Thing
from cauce.services import attachments, definitions, form_answers, instances
from cauce.services.attachments import File
from cauce.services.definitions import DefinitionView
from cauce.services.hub import Actor, Hub
from cauce.services.start_drafts import Beginning
from cauce.store import attachments as files
from cauce.store import audit, blobs, drafts
from workflows.checking.start_form import start_form_of

JSON = Any
# As many forms full of files may wait to be sent.
_FORMS: Final = 5


async def list_beginnings(hub: Hub, actor: Actor) -> list[Beginning]:
    """Return the processes that somebody may start with a form, by their names."""
    return sorted(_for(actor, await definitions.list_definitions(hub, actor, "process")), key=lambda each: each.process)


async def beginning(hub: Hub, actor: Actor, name: str) -> Beginning:
    """Return a process that somebody may start with a form; to everybody else it is not there."""
    for each in await list_beginnings(hub, actor):
        if each.process == name:
            return each
    raise NotFoundError(f"There is no form that starts `{name}`.", hint="Choose one from the list at /start.")


async def begin(hub: Hub, actor: Actor, name: str, given: JSON, key: str) -> str:
    """Start an instance with an answer and return its id; with the same key it is the same instance.

    Raises:
        InputError: The answer does not fit the form; `errors` has one entry per field.
        ConflictError: It was started already.
    """
    asked = await beginning(hub, actor, name)
    region = hub.settings.phone_region
    settled = form_answers.settle(asked.form, None, given, region, await attached(hub, actor, asked, key))
    if problems := form_answers.found_wrong(asked.form, settled, region):
        raise InputError("The answer does not fit the form.", hint="Mend what is marked.", errors=problems)
    named = attachments.digests(settled)
    # Before: should this process end just then, the case has its files. One file too many is better than one too few.
    await _mark(hub, actor, asked, key, named, sent=True)
    try:
        started = await instances.start(hub, actor, name, settled, version=asked.version, key=key, again=False)
    except ConflictError:
        raise
    except CauceError:
        await _mark(hub, actor, asked, key, named, sent=False)
        raise
    async with hub.store.transaction() as db:
        await drafts.drop_start(db, asked.process, actor.name, key=key)
    return started.id


async def attach(hub: Hub, actor: Actor, asked: Beginning, key: str, pointer: str, file: File) -> dict[str, JSON]:
    """Keep a file for a field of a form that starts a process; return it as the answer holds it.

    Raises:
        InputError: It is not what may be attached there, or something was found in it.
        TooLargeError: The file is too large, or there are too many that were never sent.
        TransientError: The virus scanner does not answer.
    """
    given, kind = attachments.checked(hub, asked.form, pointer, file.name, file.content)
    instance, most = f"{asked.process}/{instances.business_key(key)}", hub.settings.max_attachments
    async with hub.store.read() as db:
        full = len(await files.of_start(db, instance, actor.name)) >= most
        waiting = await files.unsent(db, actor.name) >= most * _FORMS
    if full:
        raise TooLargeError(f"The form has {most} files already.", hint="Leave it at those.")
    if waiting:
        problem = "You have attached too many files to forms that you did not send."
        raise TooLargeError(problem, hint="Send them, or wait some days: they are removed by themselves.")
    await attachments.scan(hub, pointer, file.content, f"the start of {asked.process}")
    async with hub.store.transaction() as db:
        new = files.NewFile(instance, given, kind, file.content, files.START, actor.name)
        kept = files.described(await files.keep(db, new))
        said = {"sha256": kept["sha256"], "size": kept["size"]}
        await audit.append(db, actor.name, "start.attach", instance, said)
    return kept


async def attached(hub: Hub, actor: Actor, asked: Beginning, key: str) -> dict[str, dict[str, JSON]]:
    """Return what the actor attached to a form that starts a process, by digest."""
    async with hub.store.read() as db:
        rows = await files.of_start(db, f"{asked.process}/{key}", actor.name)
        return {row.digest: files.described(row) for row in rows}


async def open_file(hub: Hub, actor: Actor, asked: Beginning, key: str, digest: str) -> File:
    """Return a file that the actor attached to a form that starts a process."""
    async with hub.store.read() as db:
        for row in await files.of_start(db, f"{asked.process}/{key}", actor.name):
            if row.digest == digest:
                return File(row.name, row.type, await blobs.get(db, digest))
    raise NotFoundError("There is no such file of yours.", hint="Open the form again.")


async def _mark(hub: Hub, actor: Actor, asked: Beginning, key: str, named: Collection[str], *, sent: bool) -> None:
    if named:
        async with hub.store.transaction() as db:
            await files.mark_sent(db, f"{asked.process}/{key}", actor.name, named, sent=sent)


def _for(actor: Actor, found: list[DefinitionView]) -> Iterator[Beginning]:
    for each in found:
        form = start_form_of(each.document)
        if each.active and form and actor.decide("start", Thing.of(each.full_name), *instances.starters).allowed:
            yield Beginning(each.full_name, each.version, each.document, each.bundle["forms"][form])
