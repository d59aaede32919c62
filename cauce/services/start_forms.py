"""Processes that people start on a page, with the form that the process names (`metadata.cauce.startForm`)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cauce.errors import InputError, NotFoundError
from cauce.permissions import Thing
from cauce.services import definitions, form_answers, instances
from cauce.services.definitions import DefinitionView
from cauce.services.hub import Actor, Hub
from workflows.checking.start_form import start_form_of

JSON = Any


@dataclass(frozen=True, slots=True)
class Beginning:
    """A process that somebody may start, and what they are asked for."""

    process: str
    version: str
    document: JSON
    form: JSON


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
    settled = form_answers.settle(asked.form, None, given, region, {})
    if problems := form_answers.found_wrong(asked.form, settled, region):
        raise InputError("The answer does not fit the form.", hint="Mend what is marked.", errors=problems)
    started = await instances.start(hub, actor, name, settled, version=asked.version, key=key, again=False)
    return started.id


def _for(actor: Actor, found: list[DefinitionView]) -> Iterator[Beginning]:
    for each in found:
        form = start_form_of(each.document)
        if each.active and form and actor.decide("start", Thing.of(each.full_name), *instances.starters).allowed:
            yield Beginning(each.full_name, each.version, each.document, each.bundle["forms"][form])
