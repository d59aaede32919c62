"""Checks syncs: what they call, their expressions, when they run, and in which order."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from cauce.errors import ExpressionError
from cauce.expressions import tree
from cauce.expressions.parser import parse
from cauce.sync import ID_VARIABLES, MAPPING_VARIABLES, SOURCE_VARIABLES, WRITE_VARIABLES, bare
from schemas import guess, listing
from workflows.checking.contracts import check_arguments
from workflows.checking.known import OperationContract, World
from workflows.checking.report import Report
from workflows.checking.schedule import check_cron, check_length, check_zone
from workflows.checking.texts import Scope, check_bare
from workflows.checking.ways import check_ways

JSON = Any
_NOTHING: Final[frozenset[str]] = frozenset()
_OF_SIDES: Final = frozenset({"source", "mapping", "match"})
_EFFECTS: Final = {"upsert": "write", "find": "read", "create": "write", "update": "write", "get": "read"}


def check_sync(report: Report, document: Mapping[str, JSON], world: World) -> None:
    """Check a sync."""
    _check_start(report, document)
    _check_order(report, document, world)
    _check_way(report, document, world)
    if "back" in document:
        _check_way(report, document["back"], world, at="/back")
    check_ways(report, document)


def _check_way(report: Report, way: Mapping[str, JSON], world: World, at: str = "") -> None:
    """Check where rows are read, how they are mapped, and where they are written."""
    _check_source(report, way, world, at)
    _check_target(report, way, world, at)
    check_bare(report, f"{at}/mapping", way["mapping"], Scope("a mapping", MAPPING_VARIABLES))
    reconcile = way.get("reconcile")
    if reconcile is not None:
        _check_reconcile(report, reconcile, two_way="back" in way)
    if reconcile is not None and not _OF_SIDES - reconcile.keys():
        _check_source(report, reconcile, world, "/reconcile")
        check_bare(report, "/reconcile/mapping", reconcile["mapping"], Scope("a mapping", MAPPING_VARIABLES))
        check_bare(report, "/reconcile/match", reconcile["match"], Scope("which rows are the same", _NOTHING))
    deletes = way.get("deletes")
    if deletes is not None:
        _operation(report, f"{at}/deletes/call", deletes["call"], "write", world)
        check_bare(report, f"{at}/deletes/with", deletes.get("with"), Scope("a deletion", _NOTHING))


def _check_reconcile(report: Report, given: Mapping[str, JSON], *, two_way: bool) -> None:
    """Check that it is known how both sides are compared, and how often."""
    missing = sorted(_OF_SIDES - given.keys())
    if missing and (len(missing) < len(_OF_SIDES) or not two_way):
        problem = f"How the target is read to be compared lacks {', '.join(missing)}."
        report.key("sync", "/reconcile", problem, "Write `source`, `mapping` and `match`; a two-way sync needs none.")
    if "every" in given:
        check_length(report, "/reconcile/every", "every", given["every"])


def _check_start(report: Report, document: Mapping[str, JSON]) -> None:
    schedule = document.get("schedule") or {}
    ways = [each for each in ("every", "cron", "on") if each in schedule]
    if len(ways) != 1 and schedule:
        problem = f"A sync starts in one way; here are {', '.join(ways) or 'none'}."
        report.key("sync", "/schedule", problem, "Keep one of every, cron and on.")
    if schedule and document.get("after"):
        problem = "A sync that runs after others has no schedule of its own."
        report.key("sync", "/schedule", problem, "Take `schedule` or `after` out.")
    if "every" in schedule:
        check_length(report, "/schedule/every", "every", schedule["every"])
    if "cron" in schedule:
        check_cron(report, "/schedule/cron", schedule["cron"])
    check_zone(report, "/schedule/timezone", schedule.get("timezone"))


def _check_order(report: Report, document: Mapping[str, JSON], world: World) -> None:
    for index, name in enumerate(document.get("after") or ()):
        place = f"/after/{index}"
        if name not in world.syncs:
            problem = f"There is no sync `{name}`{guess(name, world.syncs)}"
            report.value("unknown-sync", place, problem, listing(world.syncs))
        elif _comes_after(name, document["sync"], world.syncs):
            problem = f"`{name}` runs after `{document['sync']}`, so that neither would ever begin."
            report.value("sync", place, problem, "Take one of them out.")


def _comes_after(name: str, other: str, syncs: Mapping[str, JSON]) -> bool:
    """Return whether a sync waits for another, directly or not."""
    waiting, met = [name], set()
    while waiting:
        each = waiting.pop()
        if each == other:
            return True
        if each not in met:
            met.add(each)
            after = (syncs.get(each) or {}).get("after")
            # Of the others nobody knows here whether they are as they should be.
            waiting += [each for each in after if isinstance(each, str)] if isinstance(after, list) else []
    return False


def _check_source(report: Report, document: Mapping[str, JSON], world: World, at: str) -> None:
    source = document["source"]
    contract = _operation(report, f"{at}/source/call", source["call"], "read", world)
    row = _row_schema(contract.output if contract else None, source.get("rows"))
    check_bare(report, f"{at}/source/with", source.get("with"), Scope("what a source is given", SOURCE_VARIABLES))
    _check_reads(report, f"{at}/source/changed", source.get("changed"), Scope("when a row was changed", _NOTHING), row)
    check_bare(report, f"{at}/source/rows", source.get("rows"), Scope("the rows of a source", _NOTHING))
    _check_reads(report, f"{at}/source/key", source["key"], Scope("a key", _NOTHING), row)
    _check_reads(report, f"{at}/mapping", document["mapping"], None, row)
    cursor = source.get("cursor")
    if cursor is None:
        return
    by, value = cursor["by"], cursor.get("value")
    if by != "hash" and value is None:
        what = "where to go on, in the answer" if by == "position" else f"the {by} of a row"
        report.key(
            "sync", f"{at}/source/cursor", f"A cursor by {by} needs a `value`: {what}.", "Write it as an expression."
        )
    if by == "position":
        check_bare(report, f"{at}/source/cursor/value", value, Scope("a cursor", _NOTHING))
    else:
        _check_reads(report, f"{at}/source/cursor/value", value, Scope("a cursor", _NOTHING), row)


def _check_target(report: Report, document: Mapping[str, JSON], world: World, at: str) -> None:
    target = document["target"]
    contracts = {
        name: _operation(report, f"{at}/target/{name}", target[name], effect, world)
        for name, effect in _EFFECTS.items()
        if name in target
    }
    check_bare(report, f"{at}/target/with", target.get("with"), Scope("what is written", WRITE_VARIABLES))
    check_bare(report, f"{at}/target/id", target.get("id"), Scope("the id of a row", ID_VARIABLES))
    others = [name for name in ("find", "create", "update") if name in target]
    if "upsert" in target and others:
        problem = f"`upsert` adds and changes rows by itself; `{others[0]}` would never be called."
        report.key("sync", f"{at}/target/{others[0]}", problem, "Keep one of the two.")
    elif "upsert" not in target and not {"create", "update"} & target.keys():
        report.key(
            "sync", f"{at}/target", "Nothing says how a row is written.", "Add `upsert`, or `create` and `update`."
        )
    if target.get("many") and "upsert" not in target:
        report.key("sync", f"{at}/target/many", "Only `upsert` takes many rows at once.", "Take `many` out.")
    if len({target[name].partition("@")[2] for name in contracts}) > 1:
        report.key("sync", f"{at}/target", "A target is one connection.", "Name operations of the same one.")
    if "create" in target and "find" not in target:
        problem = "When no answer comes, nobody can tell whether a row was created, and somebody has to look."
        report.key("no-idempotency", f"{at}/target/create", problem, "Add `find`.")
    if not at and "back" not in document:
        _check_mapping(report, document, contracts)


def _check_mapping(
    report: Report, document: Mapping[str, JSON], contracts: Mapping[str, OperationContract | None]
) -> None:
    """Compare the keys that the mapping writes with what the operations take, as far as both are written out."""
    given = _keys(bare(document["mapping"], "."))
    if given is None or document["target"].get("many"):
        return
    for name in ("upsert", "create", "update"):
        contract = contracts.get(name)
        if contract is not None:
            check_arguments(report, "/mapping", given, contract.input, f"`{document['target'][name]}`")
            return


def _keys(text: str) -> dict[str, str] | None:
    """Return the keys of the object that an expression writes out, each with a value not known yet."""
    try:
        node = parse(text)
    except ExpressionError:
        return None
    if not isinstance(node, tree.Object):
        return None
    keys = [key.value for key, _ in node.entries if isinstance(key, tree.Literal)]
    return {str(key): "${ . }" for key in keys} if len(keys) == len(node.entries) else None


def _check_reads(report: Report, pointer: str, text: JSON, scope: Scope | None, row: Mapping[str, JSON] | None) -> None:
    """Check an expression over a row, also that the source gives the columns that it reads."""
    scoped = scope or Scope("a mapping", MAPPING_VARIABLES)
    expression = check_bare(Report(report.source) if scope is None else report, pointer, text, scoped)
    if expression is None or expression.reads.keys is None or row is None:
        return
    for name in sorted(expression.reads.keys):
        if name not in row:
            problem = f"The source gives no `{name}`{guess(name, row)}"
            report.value("contract", pointer, problem, listing(row))


def _row_schema(output: JSON, rows: JSON) -> Mapping[str, JSON] | None:
    """Return the columns that a source says it gives; None where it does not say."""
    if not isinstance(output, Mapping) or rows not in (None, "."):
        return None
    items = output.get("items")
    properties = items.get("properties") if isinstance(items, Mapping) else None
    return properties if isinstance(properties, Mapping) and properties else None


def _operation(report: Report, pointer: str, name: str, effect: str, world: World) -> OperationContract | None:
    operation, _, connection = name.partition("@")
    if connection not in world.connections:
        problem = f"There is no connection `{connection}`{guess(connection, world.connections)}"
        report.value("unknown-connection", pointer, problem, listing(world.connections))
        return None
    there = _of(world.operations, connection)
    if operation not in there:
        problem = f"The connection `{connection}` has no operation `{operation}`{guess(operation, there)}"
        report.value("unknown-operation", pointer, problem, listing(there, word="It has"))
        return None
    contract = world.operations[name]
    if contract is not None and contract.effect != effect:
        problem = f"`{operation}` is a {contract.effect}; a {effect} is needed here."
        report.value("sync", pointer, problem, f"Name an operation with `effect: {effect}`.")
    return contract


def _of(operations: Collection[str], connection: str) -> Sequence[str]:
    return [each.partition("@")[0] for each in operations if each.partition("@")[2] == connection]
