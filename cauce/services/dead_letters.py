"""The dead-letter desk: what could not be applied is seen, mended, sent again, or dropped by somebody."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from activities.connections import Connections
from cauce.depth import check_depth
from cauce.errors import (
    CauceError,
    ConflictError,
    ForbiddenError,
    InputError,
    NotFoundError,
    TooLargeError,
    TransientError,
)
from cauce.services import replays
from cauce.services.dead_letter_views import Detail, Summary, applied_as, deciders, detail, summary, thing_of, uncovered
from cauce.services.hub import Actor, Hub, Role
from cauce.services.replays import Applied
from cauce.store import audit, dead_letters
from cauce.store.dead_letters import Cause, Filters
from cauce.store.models import DeadLetter
from cauce.store.session import Db

JSON = Any
readers: tuple[Role, ...] = (*deciders, "auditor", "manager", "designer")
most_rows: Final = 200
most_at_once: Final = 1_000
longest_reason: Final = 500
_LONGEST_S: Final = 45.0


@dataclass(frozen=True, slots=True)
class Page:
    """A page of letters; `next` is where the next one begins."""

    letters: tuple[Summary, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one letter that somebody wanted to replay or drop: its state now, and a sentence."""

    id: int
    state: str
    sentence: str
    hint: str = ""
    instance: str = ""


async def list_causes(hub: Hub, actor: Actor, wanted: Filters) -> list[Cause]:
    """Return letters grouped by what caused them."""
    actor.require_somewhere("see dead letters", "operate", *readers)
    async with hub.store.read() as db:
        return await dead_letters.causes(db, _wanted(actor, wanted))


async def list_letters(hub: Hub, actor: Actor, wanted: Filters, *, after: str | None = None, limit: int = 50) -> Page:
    """Return letters, the newest first."""
    actor.require_somewhere("see dead letters", "operate", *readers)
    if after is not None and not (after.isascii() and after.isdigit()):
        raise InputError("The page token is not one that Cauce gave out.", hint="Start at the first page.")
    size, before = max(1, min(limit, most_rows)), min(int(after), 2**31 - 1) if after else None
    async with hub.store.read() as db:
        rows = await dead_letters.page(db, _wanted(actor, wanted), before=before, limit=size + 1)
    shown = tuple(summary(row, actor) for row in rows[:size])
    return Page(shown, str(shown[-1].id) if len(rows) > size else None)


async def letter(hub: Hub, actor: Actor, id_: int) -> Detail:
    """Return one letter, with the difference between what is to be sent and what the contract wants."""
    actor.require_somewhere("see dead letters", "operate", *readers)
    async with hub.store.read() as db:
        row = await found(db, id_, actor)
        return await detail(db, row, actor)


async def edit(hub: Hub, actor: Actor, id_: int, payload: JSON) -> Detail:
    """Put something else in the place of what was sent; that stays to be seen, and nothing is sent yet."""
    actor.require_somewhere("edit dead letters", "operate", *deciders)
    check_depth(payload, "payload")
    async with hub.store.read() as db:
        row = await found(db, id_, actor)
        sent = await dead_letters.payload_of(db, row.request)
        payload = await uncovered(db, row, actor, payload)
        payload = await replays.check_payload(db, row, sent, payload)
    await keep(hub, actor, row, payload)
    return await letter(hub, actor, id_)


async def keep(hub: Hub, actor: Actor, row: DeadLetter, payload: JSON) -> None:
    """Keep what is to be sent instead, which has been looked at, with the actor's name."""
    async with hub.store.transaction() as db:
        await _take(db, row, actor)
        digest = await dead_letters.keep(db, payload, longest=hub.settings.max_payload_bytes)
        await dead_letters.edit(db, row.id, digest)
        data = {"before": row.edited or row.request, "after": digest}
        await audit.append(db, actor.name, "dead-letter.edit", _subject(row), data)


async def replay(hub: Hub, actor: Actor, ids: Sequence[int], *, version: str | None = None) -> list[Answer]:
    """Send letters again, one after the other, and return what became of each.

    Rows go through a `version` of their sync, events into one of their process; without it, the one that is active.
    A connection that cannot be reached is not tried for those that are left of it.
    """
    actor.require_somewhere("replay dead letters", "operate", *deciders)
    opened = Connections(hub.store, hub.resolver)
    unreachable: dict[str, str] = {}
    until, answers = time.monotonic() + _LONGEST_S, []
    try:
        for id_ in bounded(ids):
            if time.monotonic() > until:
                answers.append(Answer(id_, "open", "It was not tried, for lack of time.", "Send it again."))
            else:
                answers.append(await _replay_one(hub, opened, actor, id_, unreachable, version))
    finally:
        await opened.close()
    return answers


async def drop(hub: Hub, actor: Actor, ids: Sequence[int], reason: str) -> list[Answer]:
    """Close letters that will never be applied; whoever does so says why, and the letters stay to be seen."""
    actor.require_somewhere("drop dead letters", "operate", *deciders)
    reason = reason.strip()
    if not reason or len(reason) > longest_reason:
        raise InputError(
            f"A dead letter is dropped with a reason of at most {longest_reason} characters.",
            hint="Say why it need not be applied.",
        )
    answers = []
    for id_ in bounded(ids):
        try:
            async with hub.store.transaction() as db:
                row = await found(db, id_, actor)
                await _take(db, row, actor)
                await dead_letters.close(db, id_, "dropped", actor.name, reason=reason)
                await audit.append(db, actor.name, "dead-letter.drop", _subject(row), {"reason": reason})
            answers.append(Answer(id_, "dropped", f"Dropped by {actor.name}."))
        except (ConflictError, ForbiddenError, NotFoundError) as error:
            answers.append(Answer(id_, "unchanged", error.problem, error.hint))
    return answers


async def ids_of(hub: Hub, actor: Actor, cause: str) -> list[int]:
    """Return the open letters of a cause, the oldest first, at most as many as can be sent at once."""
    actor.require_somewhere("see dead letters", "operate", *readers)
    async with hub.store.read() as db:
        return list(await dead_letters.ids_of(db, _wanted(actor, Filters(state="open", cause=cause)), most_at_once))


async def versions(hub: Hub, actor: Actor, origin: str, name: str) -> list[str]:
    """Return the versions of a sync or process through which its letters can go, the highest first."""
    actor.require_somewhere("see dead letters", "operate", *readers)
    async with hub.store.read() as db:
        return await replays.versions_of(db, origin, name)


async def _replay_one(
    hub: Hub, opened: Connections, actor: Actor, id_: int, unreachable: dict[str, str], version: str | None
) -> Answer:
    try:
        async with hub.store.transaction() as db:
            row = await found(db, id_, actor)
            if row.name in unreachable:
                return Answer(id_, "open", unreachable[row.name], "It was not tried.")
            await replays.check_version(db, row, version)
            await _take(db, row, actor)
            payload = await dead_letters.payload_of(db, row.edited or row.request)
    except (ConflictError, ForbiddenError, InputError, NotFoundError) as error:
        return Answer(id_, "unchanged", error.problem, error.hint)
    try:
        applied = await replays.replay(hub, opened, actor, row, payload, version)
    except CauceError as error:
        if isinstance(error, TransientError):
            unreachable[row.name] = error.problem
        async with hub.store.transaction() as db:
            if row.origin == "call":
                # That the instance cannot go on now says nothing new of the call.
                await dead_letters.give_back(db, id_)
            else:
                await dead_letters.refuse_again(db, row, error)
            await audit.append(db, actor.name, "dead-letter.replay", _subject(row), {"state": "open"})
        return Answer(id_, "open", error.problem, error.hint)
    except BaseException:
        async with hub.store.transaction() as db:
            await dead_letters.give_back(db, id_)
        raise
    return await _applied(hub, actor, row, applied, version)


async def _applied(hub: Hub, actor: Actor, row: DeadLetter, applied: Applied, version: str | None) -> Answer:
    state: dead_letters.Closed = "replayed" if applied.now else "already-applied"
    answer = {"instance": applied.instance} if applied.instance else applied.answer
    async with hub.store.transaction() as db:
        if row.origin == "call":
            # The retry has closed it, unless the instance has failed again since.
            await dead_letters.give_back(db, row.id)
        else:
            await dead_letters.close(db, row.id, state, actor.name, answer=answer)
        told = {"state": state} | ({"version": version} if version else {})
        await audit.append(db, actor.name, "dead-letter.replay", _subject(row), told)
    if row.origin == "call":
        return Answer(row.id, state, f"{applied.instance} goes on where it stopped.", instance=applied.instance)
    number = applied.instance or applied_as(answer)
    said = "Applied" if applied.now else "Already applied"
    return Answer(row.id, state, f"{said} as {number}." if number else f"{said}.", instance=applied.instance)


def _wanted(actor: Actor, wanted: Filters) -> Filters:
    if wanted.state is not None and wanted.state not in dead_letters.states:
        raise InputError(
            f"There is no state '{wanted.state}' of dead letters.", hint=f"Known are {', '.join(dead_letters.states)}."
        )
    return replace(wanted, sight=actor.sight)


async def found(db: Db, id_: int, actor: Actor) -> DeadLetter:
    """Return a letter that the actor may see.

    Raises:
        NotFoundError: There is none of this number.
    """
    row = await dead_letters.find(db, id_) if 0 < id_ < 2**31 else None
    if row is None or actor.decide("see", thing_of(row)).closed:
        raise NotFoundError(f"There is no dead letter {id_}.", hint="`cauce dead-letters list` shows what there is.")
    return row


def check_open(row: DeadLetter, actor: Actor) -> None:
    """Refuse who may not decide about a letter, and anything that is to be done with one that is closed.

    Raises:
        ForbiddenError: Somebody else decides about it.
        ConflictError: It is closed.
    """
    actor.require_on("decide about this dead letter", "operate", thing_of(row), *deciders)
    if row.state != "open":
        raise ConflictError(
            f"Dead letter {row.id} is {row.state} already, by {row.decided_by}.", hint="There is nothing left to do."
        )


async def _take(db: Db, row: DeadLetter, actor: Actor) -> None:
    check_open(row, actor)
    if await dead_letters.take(db, row.id):
        return
    raise ConflictError(f"Somebody is at dead letter {row.id} right now.", hint="Look again in a moment.")


def bounded(ids: Sequence[int]) -> list[int]:
    """Return the numbers of letters in their order, each once; more than go at once are refused."""
    if len(ids) > most_at_once:
        raise TooLargeError(f"At most {most_at_once:,} letters go at once.", hint="Send the others after them.")
    return sorted(set(ids))


def _subject(row: DeadLetter) -> str:
    return f"dead-letter/{row.id}"
