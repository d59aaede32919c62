"""Sends the mails of the hub: a letter is a row of the store, and a workflow of Temporal brings it out.

What is to be mailed waits in the store until there is a connection that sends. A letter is sent as any write is: noted
in the ledger first, under a key of its own, and looked for before anything is sent again.
"""

import asyncio
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from temporalio import activity
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from cauce.contract import END_LETTER, LETTER, WRITE_LETTER, OperationCall, upkeep_queue
from cauce.errors import ConflictError
from cauce.services.hub import Hub
from cauce.services.mails import writing
from cauce.services.permissions import covering
from cauce.services.temporal_errors import explained
from cauce.services.users import actor_in
from cauce.services.waiting import call_timeout
from cauce.settings import Settings
from cauce.store import definitions, letters, notifications
from cauce.store.base import utc_now
from cauce.store.session import Db

operation = "send"


class MailActivities:
    """What the workflow of a letter does in the world, besides sending it."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    @activity.defn(name=WRITE_LETTER)
    async def write_letter(self, letter: str, attempt: int) -> list[OperationCall]:
        """Return the call that sends a letter; nothing when there is nothing left to send."""
        async with self.hub.store.read() as db:
            row = await letters.find(db, letter)
            if row is None or row.state != "due" or row.attempt != attempt:
                return []
            told = await letters.told_in(db, letter)
            readers = await notifications.readers(db, person=row.person)
            person = await actor_in(db, row.person)
            items = [writing.Item(each.id, *await covering.told(db, each, person)) for each in told] if person else []
        if not items or not readers:
            async with self.hub.store.transaction() as db:
                await letters.end(db, letter, "lost", "Whoever it was for is not there any more.")
            return []
        settings = self.hub.settings
        said = await asyncio.to_thread(writing.message, settings, readers[0].locale, items, digest=row.digest)
        name = f"letter:{letter}:{attempt}"
        params = {"to": [row.email], "subject": said.subject, "text": said.text, "html": said.html, "key": name}
        return [OperationCall(settings.mail_connection, operation, params, "", "letter", name, effect="write")]

    @activity.defn(name=END_LETTER)
    async def end_letter(self, letter: str, state: str, problem: str) -> None:
        """Note what became of a letter."""
        async with self.hub.store.transaction() as db:
            await letters.end(db, letter, state, problem)


async def look(hub: Hub, now: datetime | None = None) -> int:
    """Make letters of what is to be mailed, and have those sent that nobody sends; returns how many.

    Raises:
        TransientError: Temporal or the store does not answer.
    """
    before = day_ended(hub.settings, now or utc_now())
    async with hub.store.read() as db:
        people = await letters.people(db, before)
        if not people and not await letters.are_waiting(db):
            return 0
        if not await is_set_up(db, hub.settings):
            return 0
    for person in people:
        async with hub.store.transaction() as db:
            await letters.make(db, person, before)
    async with hub.store.transaction() as db:
        begun = await letters.begin(db)
    for letter, attempt in begun:
        try:
            with explained():
                await hub.temporal.start_workflow(
                    LETTER,
                    args=[letter, attempt],
                    id=f"{LETTER}/{letter}/{attempt}",
                    task_queue=upkeep_queue(hub.task_queue),
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                    id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                    rpc_timeout=call_timeout,
                )
        except ConflictError:
            continue  # it has ended, and is about to be noted
    return len(begun)


def day_ended(settings: Settings, now: datetime) -> datetime:
    """Return when the last day of the digests ended."""
    at, zone = settings.mail_digest.split(" ")
    local = now.astimezone(ZoneInfo(zone))
    today = datetime.combine(local.date(), time.fromisoformat(at), ZoneInfo(zone))
    return (today if today <= local else today - timedelta(days=1)).astimezone(UTC)


async def is_set_up(db: Db, settings: Settings) -> bool:
    """Tell whether there is a connection that sends mail."""
    row = await definitions.find(db, "connection", "", settings.mail_connection)
    return row is not None and operation in row.document["operations"]
