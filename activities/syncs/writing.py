"""Writes the rows of a batch into the target, each once in effect.

Before anything leaves, the ledger has a row for each write, under a key that the same change has for ever. So a batch
that is done again after a crash knows what was taken: that is not sent again. An upsert and an update whose outcome is
unknown are sent again, because doing them twice is doing them once; a create is looked for first.
"""

from collections.abc import Sequence

from activities.syncs.changes import DELETED, Change, Result
from activities.syncs.creating import find_and_write
from activities.syncs.outlet import Outlet
from activities.syncs.rows import Row
from activities.syncs.singly import write_each
from activities.syncs.together import write_together
from cauce.expressions import compile_expression
from cauce.store.cross_references import Reference
from cauce.sync import Call


async def write(outlet: Outlet, changes: Sequence[Change]) -> list[Result]:
    """Write changes and return what became of each.

    Raises:
        TransientError: The target does not take some rows now; what it took is in the ledger.
    """
    target = outlet.sync.target
    if target.upsert is not None and target.many:
        await write_together(outlet, target.upsert, changes)
    elif target.upsert is not None:
        await write_each(outlet, target.upsert, changes)
    else:
        await find_and_write(outlet, changes)
    return outlet.settled()


async def delete(outlet: Outlet, call: Call, arguments: str, gone: Sequence[Reference]) -> list[Result]:
    """Take rows away that are gone, and return what became of each."""
    expression = compile_expression(arguments)
    changes = []
    for each in gone:
        ids = {"source": each.source_id, "target": each.target_id}
        changes.append(Change(Row(each.source_id, ids, expression.first(ids, {}), DELETED), each, each.target_id))
    await write_each(outlet, call, changes, asked=False)
    return outlet.settled()
