"""Lifecycle events of instances, as part of the event log."""

from collections.abc import Iterable
from typing import Final

from cauce.contract import LifecycleEvents
from cauce.store import dead_letters, events, start_rules, subscriptions
from cauce.store.base import utc_now
from cauce.store.models import Event
from cauce.store.session import Db
from cauce.store.upsert import insert_all

_COMPLETED: Final = "io.serverlessworkflow.workflow.completed.v1"
_FAULTED: Final = "io.serverlessworkflow.workflow.faulted.v1"


async def record(db: Db, happened: Iterable[LifecycleEvents]) -> None:
    """Add events to the log, each once."""
    happened, now = list(happened), utc_now()
    types = sorted({document["type"] for each in happened for document in each.events})
    # Hardly anybody wants them, and then nobody need look at them again.
    wanted = await start_rules.any_for(db, types) or await subscriptions.any_for(db, types)
    rows = [
        {
            "source": document["source"],
            "event_id": document["id"],
            "type": document["type"],
            "subject": document["subject"],
            "document": document,
            "received_at": now,
            "instance": each.instance,
            "lease_until": now,
            "attempts": 0,
            "routed_at": None if wanted else now,
        }
        for each in happened
        for document in each.events
    ]
    await _settle_calls(db, happened)
    await events.lock(db)
    await insert_all(db, Event, rows)


async def _settle_calls(db: Db, happened: Iterable[LifecycleEvents]) -> None:
    """A call that was refused is a dead letter when its instance fails there, and nothing when it dealt with that."""
    ended = [(each.instance, document) for each in happened for document in each.events]
    done = [instance for instance, document in ended if document["type"] == _COMPLETED]
    for instance, document in ended:
        if document["type"] == _FAULTED:
            error = document["data"].get("error") or {}
            await dead_letters.open_held(db, instance, error.get("instance"))
    if done:
        await dead_letters.forget_held(db, done)
