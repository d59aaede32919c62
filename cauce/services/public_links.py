"""Forms that people without an account answer, at an address that a process sent them."""

from dataclasses import dataclass
from typing import Any, Final

from cauce import signed_links
from cauce.depth import check_entered
from cauce.errors import ConflictError, InputError
from cauce.services import events, form_answers
from cauce.services.hub import Actor, Hub
from cauce.store import definitions, public_links
from cauce.store.base import utc_now
from cauce.store.models import PublicLink
from cauce.store.session import Db

JSON = Any
SOURCE: Final = "urn:cauce:public-links"
_VISITOR: Final = Actor("public-link", frozenset({"staff"}))


@dataclass(frozen=True, slots=True)
class PublicForm:
    """What somebody without an account is asked."""

    form: JSON
    data: JSON
    language: str
    is_answered: bool


async def show(hub: Hub, token: str) -> PublicForm:
    """Return what is asked at an address; raises `NotFoundError` when it is not one of ours, or not any more."""
    async with hub.store.read() as db:
        row = await _row(hub, db, token)
        return PublicForm(await _form(db, row), row.data, row.language, row.answered_at is not None)


async def answer(hub: Hub, token: str, given: JSON) -> None:
    """Take an answer: it becomes an event, once.

    Raises:
        InputError: It does not fit the form; `errors` has one entry per field.
        ConflictError: Somebody has answered there already.
    """
    async with hub.store.read() as db:
        row = await _row(hub, db, token)
        form = await _form(db, row)
    if row.answered_at is not None:
        raise ConflictError("This was answered already.", hint="Thank you; there is nothing more to do.")
    check_entered(given, "answer")
    region = hub.settings.phone_region
    settled = form_answers.settle(form, row.data, given, region, {})
    if problems := form_answers.found_wrong(form, settled, region):
        raise InputError("The answer does not fit the form.", hint="Mend what is marked.", errors=problems)
    # The event's id is that of the address: of several answers at once the first one counts.
    event = {
        "specversion": "1.0",
        "id": row.id,
        "source": SOURCE,
        "type": row.type,
        "subject": row.subject,
        "time": utc_now().isoformat(timespec="seconds"),
        "datacontenttype": "application/json",
        "data": settled,
    }
    await events.receive(hub, _VISITOR, event)
    async with hub.store.transaction() as db:
        await public_links.answered(db, row.id)


async def _row(hub: Hub, db: Db, token: str) -> PublicLink:
    row = await public_links.find(db, signed_links.read(hub.settings, "/f/", token))
    if row is None or row.until < utc_now():
        raise signed_links.expired()
    return row


async def _form(db: Db, row: PublicLink) -> JSON:
    form = await definitions.find(db, "form", "", row.form)
    if form is None:
        raise signed_links.expired()
    return form.document
