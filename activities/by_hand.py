"""Notes in the ledger what a person did in another system because it could not be called."""

import json
from datetime import datetime

from temporalio import activity

from activities.operation import digest_of, key_of
from cauce import connection as connections
from cauce.contract import RECORD_BY_HAND, ByHand, OperationCall
from cauce.errors import CauceError
from cauce.store import by_hand, definitions, ledger
from cauce.store.session import Db, Store


class ByHandActivities:
    """The activity behind a call that was done by hand; it may run twice and then changes nothing."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @activity.defn(name=RECORD_BY_HAND)
    async def record_by_hand(self, done: ByHand) -> None:
        """Note what was done, so that it is never sent, and looked for later."""
        call = done.call
        async with self.store.transaction() as db:
            key = await _key(db, call)
            about = {"instance": call.instance, "task": call.reference, "request_digest": digest_of(call)}
            await ledger.record_by_hand(db, call.connection, call.operation, key, answer=done.output, **about)
            named = (call.token, call.connection, call.operation, key, call.instance, call.reference)
            at = datetime.fromisoformat(done.at)
            await by_hand.add(db, named, call.params, answer=done.output, by=done.by, at=at)


async def _key(db: Db, call: OperationCall) -> str:
    """Return the key that the call has in the ledger; its own token when the connection cannot say."""
    row = await definitions.find(db, "connection", "", call.connection)
    try:
        if row is not None:
            return key_of(connections.parse(row.document).operation(call.operation), call)
    except (CauceError, json.JSONDecodeError):
        pass
    return f"task:{call.token}"
