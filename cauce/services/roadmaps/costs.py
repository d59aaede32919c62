"""Entries of time and money for the activities of roadmaps that run: entered, taken back, imported and listed."""

import hashlib
import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

from cauce.cost_entries import FACTORS, Given, money
from cauce.errors import CauceError, ConflictError, ForbiddenError, InputError, NotFoundError
from cauce.services.hub import Actor, Hub
from cauce.services.roadmaps import cost_rows, running, running_plans, telling
from cauce.services.roadmaps.running import RunDetail
from cauce.store import attachments, audit, roadmap_costs
from cauce.store.models import RoadmapCost
from cauce.store.session import Db

JSON = Any
Outcome = Literal["entered", "known", "refused"]
Source = Literal["form", "rest", "cli", "csv"]
most_rows: Final = 200
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CostView:
    """An entry; `reversed_by` is the one that took it back."""

    number: int
    activity: str
    kind: str
    day: date
    factor: str
    amount: str
    hours: str
    owner: str
    rate: str
    person: str
    note: str
    reference: str
    source: str
    reverses: int | None
    reversed_by: int | None
    file: JSON
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of a row of a file: entered, known already, or refused with what to do."""

    line: int
    reference: str
    outcome: Outcome
    number: int | None = None
    problem: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file; `refused` is a file of the rows that were not taken, to be mended and imported again."""

    rows: list[RowOutcome]
    entered: int
    known: int
    refused: str


@dataclass(frozen=True, slots=True)
class SpentView:
    """What an activity has cost by factor: as it was reported last, what of the entries is in that, and all entries."""

    activity: str
    factor: str
    reported: str
    included: str
    entries: str
    spent: str


async def enter(hub: Hub, actor: Actor, identity: str, given: Given, *, source: Source) -> tuple[CostView, bool]:
    """Enter time or money for an activity; returns the entry, and whether it is new.

    Raises:
        ForbiddenError: It is not an activity of the actor's.
        ConflictError: Its reference is that of another entry, or the roadmap has ended.
    """
    detail = await running.running(hub, actor, identity)
    _require(detail, given.activity)
    async with hub.store.transaction() as db:
        book = await roadmap_costs.open_book(
            db, identity, references=[given.reference], source=source, by=actor.name, may_rate=detail.may_plan
        )
        await _check_file(db, identity, given)
        number, new = book.add(given)
        await roadmap_costs.close_book(db, book)
        if new:
            said = {"number": number, "activity": given.activity, "reference": given.reference}
            await audit.append(db, actor.name, "roadmap.cost", identity, said)
    await _tell(hub, identity)
    return await entry(hub, actor, identity, number), new


async def take_back(hub: Hub, actor: Actor, identity: str, number: int, reason: str) -> CostView:
    """Take an entry back by another one; who entered it may, and who plans.

    Raises:
        ConflictError: It takes something back itself, or was taken back already.
        NotFoundError: There is no such entry.
    """
    if not reason.strip():
        raise InputError("It takes a reason.", errors=[{"pointer": "/reason", "problem": "Say it in a few words."}])
    before = await entry(hub, actor, identity, number)
    detail = await running.running(hub, actor, identity)
    if before.by != actor.name and not detail.may_plan:
        raise ForbiddenError(f"'{actor.name}' may not take back what {before.by} entered.", hint="Ask who plans it.")
    if before.reverses is not None or before.reversed_by is not None:
        problem = f"Entry {number} takes another one back, or was taken back itself."
        raise ConflictError(problem, hint="Enter what is right under another reference.")
    reference = f"reversal:{number}"
    async with hub.store.transaction() as db:
        book = await roadmap_costs.open_book(db, identity, references=[reference], source="reversal", by=actor.name)
        row = await roadmap_costs.find(db, identity, number)
        if row is None or reference in book.known:
            raise ConflictError(f"Entry {number} was taken back already.", hint="Look at the entries again.")
        copied = ("activity", "kind", "day", "factor", "owner", "rate", "person", "file")
        values = {name: getattr(row, name) for name in copied} | {"note": reason.strip(), "reference": reference}
        hours = f"-{row.hours}" if row.hours else ""
        new = book.append({**values, "cents": -row.cents, "hours": hours, "reverses": number})
        await roadmap_costs.close_book(db, book)
        await audit.append(db, actor.name, "roadmap.cost", identity, {"number": new, "reverses": number})
    await _tell(hub, identity)
    return await entry(hub, actor, identity, new)


async def import_rows(hub: Hub, actor: Actor, identity: str, text: str) -> Imported:
    """Enter the rows of a CSV file: those that can be, each once for its reference.

    Raises:
        InputError: It is no such file; then nothing of it is entered.
    """
    file = cost_rows.read(text)
    detail = await running.running(hub, actor, identity)
    mine = {each.id for each in detail.steps if each.may_act}
    async with hub.store.transaction() as db:
        references = [row.cells.get("reference", "") for row in file.rows]
        book = await roadmap_costs.open_book(
            db, identity, references=references, source="csv", by=actor.name, may_rate=detail.may_plan
        )
        outcomes = [_taken(book, row, mine) for row in file.rows]
        await roadmap_costs.close_book(db, book)
        said = {"entered": len(book.added), "sha256": hashlib.sha256(text.encode()).hexdigest()}
        await audit.append(db, actor.name, "roadmap.costs", identity, said)
    await _tell(hub, identity)
    refused = {each.line: each.problem for each in outcomes if each.outcome == "refused"}
    known = sum(each.outcome == "known" for each in outcomes)
    return Imported(outcomes, len(book.added), known, file.rest(refused) if refused else "")


async def entries(
    hub: Hub, actor: Actor, identity: str, *, activity: str = "", before: int | None = None, limit: int = most_rows
) -> list[CostView]:
    """Return entries, the newest first; whom the money of the roadmap is closed to sees those of their own."""
    detail = await running.running(hub, actor, identity)
    own = None if running_plans.may_see_figures(actor, detail) else actor.name
    async with hub.store.read() as db:
        found = await roadmap_costs.entries(
            db, identity, activity=activity, by=own, before=before, limit=max(1, min(limit, most_rows))
        )
        back = await roadmap_costs.reversed_by(db, identity, [row.number for row in found])
    return [_view(row, back.get(row.number)) for row in found]


async def entry(hub: Hub, actor: Actor, identity: str, number: int) -> CostView:
    """Return one entry; raises `NotFoundError`, also for whom the money is closed to and who did not enter it."""
    detail = await running.running(hub, actor, identity)
    async with hub.store.read() as db:
        row = await roadmap_costs.find(db, identity, number)
        back = await roadmap_costs.reversed_by(db, identity, [number])
    if row is None or not (row.by == actor.name or running_plans.may_see_figures(actor, detail)):
        raise NotFoundError(f"There is no entry {number}.", hint="Look at the entries of the roadmap.")
    return _view(row, back.get(number))


async def spent(hub: Hub, actor: Actor, identity: str) -> list[SpentView]:
    """Return what makes up the cost of each activity that has entries, by factor."""
    course = await running_plans.course_of(hub, actor, identity)
    detail = await running.running(hub, actor, identity)
    if not running_plans.may_see_figures(actor, detail):
        return []
    found = []
    for name, known in course.journal.costs.items():
        said = (course.journal.activities.get(name) or {}).get("cost") or {}
        total = course.spent(name)
        for factor in (each for each in FACTORS if each in known["booked"] or each in said):
            included = known["reported"].get(factor, "0")
            booked = known["booked"].get(factor, "0")
            found.append(SpentView(name, factor, said.get(factor, ""), included, booked, str(total[factor])))
    return found


def _taken(book: roadmap_costs.Book, row: cost_rows.Row, mine: Collection[str]) -> RowOutcome:
    reference = row.cells.get("reference", "")
    try:
        given = row.given()
        if given.activity in book.steps and given.activity not in mine:
            raise _forbidden(given.activity)
        number, new = book.add(given)
    except CauceError as error:
        return RowOutcome(row.line, reference, "refused", None, error.problem, error.hint)
    return RowOutcome(row.line, reference, "entered" if new else "known", number)


def _require(detail: RunDetail, activity: str) -> None:
    step = next((each for each in detail.steps if each.id == activity), None)
    if step is not None and not step.may_act:
        raise _forbidden(activity)


def _forbidden(activity: str) -> ForbiddenError:
    return ForbiddenError(f"`{activity}` is not an activity of yours.", hint="Its owner enters what it costs.")


async def _check_file(db: Db, identity: str, given: Given) -> None:
    """Refuse a file that nobody has attached to this roadmap."""
    if given.file is None:
        return
    digest = str(given.file.get("sha256", ""))
    if not await attachments.of_instance(db, identity, [digest]):
        raise InputError(f"No file with the hash {digest[:64]} is attached to this roadmap.", hint="Attach it first.")


async def _tell(hub: Hub, identity: str) -> None:
    """Tell the roadmap at once, so that its figures have it; if that cannot be, a worker does it later."""
    try:
        await telling.tell(hub, identity)
    except CauceError as error:
        log.warning("%s could not be told what its entries come to: %s", identity, error.problem)


def _view(row: RoadmapCost, back: int | None) -> CostView:
    names = [each for each in CostView.__dataclass_fields__ if each not in ("amount", "reversed_by")]
    return CostView(**{name: getattr(row, name) for name in names}, amount=money(row.cents), reversed_by=back)
