"""Brings rows together on both sides: decides, writes what is to be written, and notes what was agreed on."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from activities.connections import Connections
from activities.syncs import conflicts
from activities.syncs.calls import carry_out
from activities.syncs.changes import Change, Result, is_of_its_row
from activities.syncs.merging import Fields, Plan, equal, plan
from activities.syncs.outlet import Outlet
from activities.syncs.rows import Row, digest_of, prepare
from activities.syncs.writing import delete, write
from cauce.errors import CauceError, ExpressionError, TransientError
from cauce.expressions import compile_expression
from cauce.store import cross_references, dead_letters, pairs
from cauce.store.cross_references import Pair, Reference
from cauce.store.models import PairedRow
from cauce.store.session import Db, Store
from cauce.sync import MAPPING_VARIABLES, SIDES, Side, Sync
from cauce.two_way import OTHER, connection_of, deletes_at, read_from, written_to

JSON = Any
_DELETED: Final = "deleted"


@dataclass(slots=True)
class Outcome:
    """A row: what each side has, what is to become of it, and what came of that on the sides that were written to."""

    line: PairedRow
    rows: dict[Side, Fields | None]
    plan: Plan
    results: dict[Side, Result] = field(default_factory=dict)

    def to_write(self, side: Side) -> bool:
        """Return whether a side is to have other fields than it has."""
        wanted = self.plan.side(side)
        return wanted is not None and not equal(wanted, self.rows[side])

    def to_delete(self, side: Side) -> bool:
        """Return whether a side is to lose its row."""
        return self.plan.side(side) is None and self.rows[side] is not None

    @property
    def is_open(self) -> bool:
        """Return whether a side could not be asked, so that something is left to do."""
        return any((self.to_write(side) or self.to_delete(side)) and side not in self.results for side in SIDES)

    def count(self, what: str) -> int:
        """Return on how many sides something came of the row: written, deleted or rejected."""
        states = {
            side: "rejected" if each.error else _DELETED if self.plan.side(side) is None else "written"
            for side, each in self.results.items()
        }
        return sum(state == what for state in states.values())

    def identity(self, side: Side) -> str:
        """Return under what the desk has what a side refuses."""
        return f"{'delete' if self.to_delete(side) else 'to'}-{side}:{_id(self.line, OTHER[side])}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a side would not take."""

    identity: str
    payload: JSON
    error: CauceError


@dataclass(frozen=True, slots=True)
class Agreement:
    """Brings rows of a sync together; `attempt` counts how often that was tried.

    In `unavailable` is why some rows have to be tried again: a side does not answer, or not for them.
    """

    store: Store
    connections: Connections
    sync: Sync
    instance: str
    attempt: int = 1
    unavailable: list[CauceError] = field(default_factory=list)

    async def reach(self, lines: Sequence[PairedRow]) -> list[Outcome]:
        """Decide about rows and write them, and return what came of each, but for those that could not be read."""
        outcomes: list[Outcome] = []

        async def decide(line: PairedRow) -> None:
            outcome = await self._planned(line)
            if outcome is not None:
                outcomes.append(outcome)

        get = next((way.target.get for way in self._ways if way.target.get is not None), None)
        await self._outlet("target").for_each(get, lines, decide)
        for side in SIDES:
            left = [each for each in outcomes if side not in each.results]
            await self._write(side, [each for each in left if each.to_write(side)])
            await self._delete(side, [each for each in left if each.to_delete(side)])
        return outcomes

    @property
    def _ways(self) -> list[Sync]:
        return [written_to(self.sync, side) for side in SIDES]

    def _outlet(self, side: Side) -> Outlet:
        return Outlet(self.store, self.connections, written_to(self.sync, side), self.instance, self.attempt)

    async def _planned(self, line: PairedRow) -> Outcome | None:
        rows: dict[Side, Fields | None] = {"source": line.source_row, "target": line.target_row}
        outcome = Outcome(line, rows, self._plan(line, rows))
        fresh: dict[Side, Fields | None] = {}
        for side in SIDES:
            if outcome.to_write(side) or outcome.to_delete(side):
                try:
                    fresh[side] = await self._read_again(side, line, rows[side])
                except CauceError as error:
                    if not is_of_its_row(error):
                        self.unavailable.append(error)
                        return None
                    outcome.results[side] = Result(_id(line, OTHER[side]), "rejected", error=error)
                    return outcome
        if all(equal(fresh[side], rows[side]) for side in fresh):
            return outcome
        rows = {**rows, **fresh}
        return Outcome(line, rows, self._plan(line, rows))

    def _plan(self, line: PairedRow, rows: Mapping[Side, Fields | None]) -> Plan:
        ways = frozenset(side for side in SIDES if deletes_at(self.sync, side) is not None)
        decide = conflicts.decider(self.sync, line, rows)
        gone = conflicts.gone_rule(self.sync, line, rows)
        return plan(line.agreed, rows["source"], rows["target"], decide=decide, gone=gone, deletes=ways)

    async def _read_again(self, side: Side, line: PairedRow, row: Fields | None) -> Fields | None:
        """Return a row as its side has it at this moment, where the sync says how that is asked."""
        get = written_to(self.sync, side).target.get
        if get is None or row is None:
            return row
        opened = await self.connections.open(get.connection)
        answer = await carry_out(opened, opened.connection.operation(get.operation), {"id": _id(line, side)})
        if answer is None:
            return None
        (read,) = prepare(read_from(self.sync, side), [answer], None).rows.values()
        if read.error is not None or not isinstance(read.mapped, Mapping):
            return row
        return read.mapped

    async def _write(self, side: Side, outcomes: Sequence[Outcome]) -> None:
        way = written_to(self.sync, side)
        mapping = compile_expression(way.mapping, variables=MAPPING_VARIABLES)
        changes = []
        by_key = {_id(each.line, OTHER[side]): each for each in outcomes}
        for key, each in by_key.items():
            fields, known = each.plan.side(side), _known(each, side)
            try:
                mapped = mapping.first(fields, {"target": None})
            except ExpressionError as error:
                each.results[side] = Result(key, "rejected", error=error)
                continue
            target = known.target_id if known and known.is_live else ""
            changes.append(Change(Row(key, fields, mapped, digest_of(fields)), known, target))
        if changes:
            outlet = self._outlet(side)
            await self._tried(outlet, write(outlet, changes), side, by_key)

    async def _delete(self, side: Side, outcomes: Sequence[Outcome]) -> None:
        deletes = deletes_at(self.sync, side)
        if deletes is None or not outcomes:
            return
        by_key = {_id(each.line, OTHER[side]): each for each in outcomes}
        gone = [_reference(each.line, side) for each in outcomes]
        outlet = self._outlet(side)
        await self._tried(outlet, delete(outlet, deletes.call, deletes.arguments, gone), side, by_key)

    async def _tried(
        self, outlet: Outlet, work: Awaitable[list[Result]], side: Side, by_key: Mapping[str, Outcome]
    ) -> None:
        """Take what came of each row; what a side does not take now keeps none of the others from being noted."""
        try:
            await work
        except TransientError as error:
            self.unavailable.append(error)
        for result in outlet.results:
            by_key[result.key].results[side] = result


async def note(db: Db, sync: Sync, outcomes: Sequence[Outcome], *, version: str, seen: int) -> list[Refusal]:
    """Note what came of rows, ask people where they have to decide, and return what was refused."""
    now = await pairs.lines(db, [each.line.id for each in outcomes])
    refused, taken, references = [], [], []
    for each in outcomes:
        line = now[each.line.id]
        for side in SIDES:
            _note_side(line, each, side, seen)
            error = each.results[side].error if side in each.results else None
            if error is not None:
                refused.append(Refusal(each.identity(side), _payload(each, side), error))
            elif not each.is_open:
                key = _id(each.line, OTHER[side])
                taken += [f"to-{side}:{key}", f"delete-{side}:{key}"]
        await _settle(db, sync, line, each, version)
        if line.source_id is not None and line.target_id is not None:
            references.append(_cross_reference(line))
    names = Pair(sync.name, connection_of(sync, "source"), connection_of(sync, "target"))
    await cross_references.save(db, names, references, seen=seen)
    await dead_letters.close_rows(db, sync.name, taken)
    await db.flush()
    return refused


def _note_side(line: PairedRow, outcome: Outcome, side: Side, seen: int) -> None:
    """Note what a side has now; what it refused to take it has not."""
    result = outcome.results.get(side)
    if result is None or result.error is not None:
        setattr(line, f"{side}_row", outcome.rows[side])
        return
    setattr(line, f"{side}_row", outcome.plan.side(side))
    setattr(line, f"{side}_version", getattr(outcome.line, f"{side}_version") + 1)
    if seen:
        setattr(line, f"{side}_seen", seen)
    if result.target and outcome.plan.side(side) is not None:
        setattr(line, f"{side}_id", result.target)


async def _settle(db: Db, sync: Sync, line: PairedRow, outcome: Outcome, version: str) -> None:
    decided = line.decision != outcome.line.decision
    if outcome.is_open or any(each.error for each in outcome.results.values()):
        line.state = "changed"
        return
    made = outcome.plan
    line.agreed = made.agreed
    if made.waits:
        line.task = await conflicts.ask(db, sync, line, made, version)
        line.state = "asked"
    else:
        await conflicts.withdraw(db, line)
        both = [row is not None for row in (made.source, made.target)]
        line.state = "settled" if all(both) else "left" if any(both) else "deleted"
    if decided:
        # Somebody has answered while this was going on: it is looked at once more.
        line.state = "changed"
    else:
        line.decision = None


def _known(outcome: Outcome, side: Side) -> Reference | None:
    reference = _reference(outcome.line, side)
    if outcome.rows[side] is not None:
        return reference
    state = Reference(reference.source_id, reference.target_id, "", reference.version, _DELETED)
    return state if reference.version else None


def _reference(line: PairedRow, side: Side) -> Reference:
    """Return what is known of the row on a side, as the one-way sync that writes there sees it."""
    return Reference(_id(line, OTHER[side]), _id(line, side), "", getattr(line, f"{side}_version"))


def _cross_reference(line: PairedRow) -> Reference:
    state = "live" if line.source_row is not None and line.target_row is not None else _DELETED
    number = line.source_version + line.target_version
    return Reference(line.source_id or "", line.target_id or "", digest_of(line.agreed), number, state)


def _payload(outcome: Outcome, side: Side) -> JSON:
    ids = {"source": outcome.line.source_id, "target": outcome.line.target_id}
    return ids if outcome.to_delete(side) else outcome.plan.side(side)


def _id(line: PairedRow, side: Side) -> str:
    return getattr(line, f"{side}_id") or ""
