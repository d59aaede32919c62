"""Writes rows one by one, as many at a time as the connection takes."""

from collections.abc import Mapping, Sequence
from typing import Any

from activities.syncs.changes import PATIENT, VERY_PATIENT, Change, is_of_its_row, not_now
from activities.syncs.outlet import Outcome, Outlet
from activities.syncs.rows import digest_of
from cauce.errors import AmbiguousError, CauceError, ExpressionError, TransientError
from cauce.sync import Call

JSON = Any


async def write_each(outlet: Outlet, call: Call, changes: Sequence[Change], *, asked: bool = True) -> None:
    """Write rows, but not those of which the ledger says that they were taken."""
    by_key = {outlet.key(each): each for each in changes}
    known = await outlet.entries(call, list(by_key))
    for key, entry in known.items():
        if entry.state == "done":
            change = by_key.pop(key)
            target = change.target or (outlet.id_of(entry.answer, change.row.mapped) if asked else "")
            outlet.note(change, "written", target)
    await send(outlet, call, by_key, set(known), again=True)


async def send(outlet: Outlet, call: Call, by_key: Mapping[str, Change], known: set[str], *, again: bool) -> None:
    """Send rows, each under its key; `again` says whether one without an answer may simply be sent again."""
    params: dict[str, JSON] = {}
    for key, change in by_key.items():
        try:
            params[key] = outlet.params(change)
        except ExpressionError as error:
            outlet.refuse(change, error)
    await outlet.begin(call, {key: digest_of(each) for key, each in params.items()}, known)
    outcomes: list[Outcome] = []
    unavailable: list[tuple[Change, CauceError]] = []

    async def one(key: str) -> None:
        change = by_key[key]
        try:
            answer = await outlet.answer(call, params[key])
        except CauceError as error:
            # What may have been carried out stays `sent`: an upsert goes again as it is, a create is looked for.
            outcomes.append((key, "sent" if isinstance(error, AmbiguousError) else "failed", None))
            if is_of_its_row(error):
                outlet.refuse(change, error)
            else:
                unavailable.append((change, error))
        else:
            outcomes.append((key, "done", answer))
            outlet.note(change, "written", change.target or outlet.id_of(answer, params[key]))

    await outlet.for_each(call, list(params), one)
    await outlet.finish(call, outcomes)
    _set_aside(outlet, call, unavailable, again=again)


def _set_aside(outlet: Outlet, call: Call, unavailable: Sequence[tuple[Change, CauceError]], *, again: bool) -> None:
    """Keep rows that got no answer for later, or refuse them when that has been tried often enough."""
    lost = [pair for pair in unavailable if not _gives_up(outlet, pair[1])]
    given_up = [pair for pair in unavailable if pair not in lost]
    if lost:
        outlet.unavailable.append(not_now(call, lost[0][1], len(lost), again=again))
    for change, error in given_up:
        outlet.refuse(change, error)


def _gives_up(outlet: Outlet, error: CauceError) -> bool:
    """Return whether a row that gets no answer is set aside, so that it does not hold all the others up."""
    taken = any(each.state == "written" for each in outlet.results)
    if isinstance(error, AmbiguousError):
        return outlet.attempt >= (PATIENT if taken else VERY_PATIENT)
    return isinstance(error, TransientError) and taken and outlet.attempt >= PATIENT
