"""Makes messages of templates, and tells people in the hub."""

import asyncio
import uuid
from collections.abc import Mapping
from typing import Final

from temporalio import activity

from activities.protocols import carry_out
from cauce.contract import JSON, Outcome, ProtocolCall, protocol_activity
from cauce.errors import InputError, NotFoundError
from cauce.messages import making
from cauce.messages.making import longest_title, message_of
from cauce.messages.rendering import Message
from cauce.store import blobs, notifications
from cauce.store.notifications import Reader, Told
from cauce.store.session import Store

_MOST_PEOPLE: Final = 500


class LetterActivities:
    """The activities behind `call: render` and `call: notify`; each may run twice and then changes nothing."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @activity.defn(name=protocol_activity("render"))
    async def render(self, call: ProtocolCall) -> Outcome:
        """Make a message of a template."""
        return await carry_out(self._render(call.arguments), call, kind="expression")

    @activity.defn(name=protocol_activity("notify"))
    async def notify(self, call: ProtocolCall) -> Outcome:
        """Tell people in the hub, or make the mail that another activity sends."""
        work = self._mail if call.arguments["mail"] else self._tell
        return await carry_out(work(call.arguments), call, kind="expression")

    async def _render(self, given: Mapping[str, JSON]) -> JSON:
        message = await asyncio.to_thread(message_of, given)
        if given.get("as") != "pdf":
            return making.output(message, given.get("as"))
        content = await asyncio.to_thread(_pdf, message)
        async with self.store.transaction() as db:
            digest = await blobs.put(db, content)
        return {"subject": message.subject, "file": making.file(given, digest, len(content))}

    async def _tell(self, given: Mapping[str, JSON]) -> JSON:
        people = await self._people(given["to"])
        said = {}
        for locale in {each.locale for each in people}:
            said[locale] = await asyncio.to_thread(message_of, {"language": locale, **_given(given)})
        link = str(given.get("link") or f"/instances/{given['instance']}")
        if not link.startswith("/") or link.startswith("//"):
            raise InputError("The link of a notification is a path of the hub.", hint="Write it as /inbox.")
        async with self.store.transaction() as db:
            for each in people:
                message = said[each.locale]
                told = Told(
                    str(uuid.uuid5(uuid.NAMESPACE_OID, f"{given['id']}/{each.name}")),
                    each.name,
                    message.subject[:longest_title],
                    message.text,
                    link,
                    given["instance"],
                )
                await notifications.add(db, told, each.by_mail("told"))
        return {"people": [each.name for each in people]}

    async def _mail(self, given: Mapping[str, JSON]) -> JSON:
        addresses = given["to"].get("email")
        if addresses is None:
            people = await self._people(given["to"])
            addresses = [each.email for each in people if each.email]
        if not addresses:
            who = given["to"].get("group") or given["to"].get("user") or "the recipient"
            raise InputError(f"There is no mail address for {who}.", hint="People set theirs under Notifications.")
        message = await asyncio.to_thread(message_of, _given(given))
        html = {} if message.html is None else {"html": message.html}
        to = [addresses] if isinstance(addresses, str) else addresses
        return {"to": to, "subject": message.subject, "text": message.text, **html}

    async def _people(self, to: Mapping[str, JSON]) -> list[Reader]:
        async with self.store.read() as db:
            people = await notifications.readers(db, group=to.get("group"), person=to.get("user"))
        if not people and "user" in to:
            raise NotFoundError(f"There is no person '{to['user']}' to be told.", hint="`cauce users list` shows all.")
        return people[:_MOST_PEOPLE]


def _given(given: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return arguments without what is null, so that people are told in their own language."""
    return {key: value for key, value in given.items() if value is not None}


def _pdf(message: Message) -> bytes:
    from cauce.messages.paper import pdf  # noqa: PLC0415 - megabytes that only PDFs need

    return pdf(message)
