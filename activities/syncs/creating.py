"""Creates rows that the target lacks and changes those that it has; nothing is created twice."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from activities.syncs.changes import Change, is_of_its_row
from activities.syncs.outlet import Outlet
from activities.syncs.rows import digest_of
from activities.syncs.singly import send, write_each
from cauce.errors import AmbiguousError, BusinessError, CauceError
from cauce.store.models import LedgerEntry
from cauce.sync import Call

JSON = Any
# How long a system may need to finish what it was doing when its answer got lost, before it is asked about it.
_FIND_DELAYS_S: Final = (0.2, 1.0, 3.0)


async def find_and_write(outlet: Outlet, changes: Sequence[Change]) -> None:
    """Change the rows that the target has already, and create the others."""
    target = outlet.sync.target
    there, absent = await _tell_apart(outlet, changes)
    if target.update is not None:
        await write_each(outlet, target.update, there)
    else:
        for each in there:
            outlet.note(each, "unchanged", each.target)
    if target.create is not None:
        await _create(outlet, target.create, absent)
    else:
        for each in absent:
            outlet.refuse(each, _nothing_there())


async def _tell_apart(outlet: Outlet, changes: Sequence[Change]) -> tuple[list[Change], list[Change]]:
    """Return the rows that the target has already, and those that it lacks."""
    there = [each._replace(target=each.known.target_id) for each in changes if each.known and each.known.is_live]
    others = [each for each in changes if each.known is None or not each.known.is_live]
    created = await _created(outlet, others)
    absent: list[Change] = []
    find = outlet.sync.target.find if outlet.sync.target.looks_first else None

    async def look(change: Change) -> None:
        try:
            answer = await outlet.answer(find, change.row.mapped) if find else None
        except CauceError as error:
            if is_of_its_row(error):
                outlet.refuse(change, error)
            else:
                outlet.unavailable.append(error)
            return
        if answer is None:
            absent.append(change)
        else:
            there.append(change._replace(target=outlet.id_of(answer, change.row.mapped)))

    left = []
    for each in others:
        entry = created.get(outlet.create_key(each))
        if entry is not None and entry.state == "done":
            _take_created(outlet, each, entry, there)
        else:
            left.append(each)
    await outlet.for_each(find, left, look)
    return there, absent


def _take_created(outlet: Outlet, change: Change, entry: LedgerEntry, there: list[Change]) -> None:
    """Take note of a row that was created before a crash; if it has changed since, it is updated."""
    target = outlet.id_of(entry.answer, change.row.mapped)
    if entry.request_digest == digest_of(change.row.mapped):
        outlet.note(change, "written", target)
    else:
        there.append(change._replace(target=target))


async def _created(outlet: Outlet, changes: Sequence[Change]) -> Mapping[str, LedgerEntry]:
    create = outlet.sync.target.create
    if create is None or not changes:
        return {}
    return await outlet.entries(create, [outlet.create_key(each) for each in changes])


async def _create(outlet: Outlet, call: Call, changes: Sequence[Change]) -> None:
    """Create rows; one that was sent before, without an answer, is looked for first."""
    known = await _created(outlet, changes)
    doubtful = [each for each in changes if _state(known.get(outlet.create_key(each))) == "sent"]
    found = [each for each in doubtful if not await _is_absent(outlet, call, each)]
    left = [each for each in changes if each not in found]
    await send(outlet, call, {outlet.create_key(each): each for each in left}, set(known), again=False)


async def _is_absent(outlet: Outlet, call: Call, change: Change) -> bool:
    """Return whether a lost create was not carried out; where it was, or nobody knows, that is the result."""
    opened = await outlet.connections.open(call.connection)
    name = opened.connection.operation(call.operation).find
    find = outlet.sync.target.find or (Call(name, call.connection) if name else None)
    key = outlet.create_key(change)
    if find is None:
        outlet.refuse(change, _nobody_knows(call))
        return False
    for delay_s in _FIND_DELAYS_S:
        await asyncio.sleep(delay_s)
        try:
            answer = await outlet.answer(find, change.row.mapped)
        except CauceError as error:
            outlet.unavailable.append(error)
            return False
        if answer is not None:
            await outlet.finish(call, [(key, "done", answer)])
            outlet.note(change, "written", outlet.id_of(answer, change.row.mapped))
            return False
    await outlet.finish(call, [(key, "absent", None)])
    return True


def _state(entry: LedgerEntry | None) -> str:
    return entry.state if entry is not None else ""


def _nobody_knows(call: Call) -> AmbiguousError:
    return AmbiguousError(
        f"The row was sent to {call} once, and nobody knows whether it was created.",
        hint="Look into the system itself; declare `find`, so that the sync can.",
    )


def _nothing_there() -> BusinessError:
    return BusinessError("The target has no such row, and the sync creates none.", remote_code="NOT_FOUND")
