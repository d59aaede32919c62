"""Writes the rows of a batch with one call; when they are refused, in halves, until it is found which is to blame."""

from collections.abc import Sequence

from activities.syncs.changes import OF_A_ROW, PATIENT, Change, not_now
from activities.syncs.outlet import Outlet
from cauce.errors import AmbiguousError, LoginError
from cauce.sync import Call


async def write_together(outlet: Outlet, call: Call, changes: Sequence[Change]) -> None:
    """Write rows, but not those of which the ledger says that they were taken."""
    by_key = {outlet.key(each): each for each in changes}
    known = await outlet.entries(call, list(by_key))
    for key, entry in known.items():
        if entry.state == "done":
            _taken(outlet, by_key.pop(key))
    if not by_key:
        return
    await outlet.begin(call, {key: each.row.digest for key, each in by_key.items()}, set(known))
    waiting = [list(by_key.items())]
    while waiting:
        portion = waiting.pop()
        try:
            await outlet.answer(call, {"rows": [each.row.mapped for _, each in portion]})
        except OF_A_ROW as error:
            if isinstance(error, LoginError) or (isinstance(error, AmbiguousError) and outlet.attempt < PATIENT):
                raise not_now(call, error, len(portion), again=True) from error
            half = len(portion) // 2
            if half:
                waiting += [portion[half:], portion[:half]]
            else:
                await outlet.finish(call, [(portion[0][0], "failed", None)])
                outlet.refuse(portion[0][1], error)
            continue
        await outlet.finish(call, [(key, "done", None) for key, _ in portion])
        for _, change in portion:
            _taken(outlet, change)


def _taken(outlet: Outlet, change: Change) -> None:
    outlet.note(change, "written", outlet.id_of(None, change.row.mapped))
