"""Checks the meaning of connections, decision tables and lists of stages."""

from collections.abc import Mapping
from typing import Any

from schemas import did_you_mean, flaws, guess, listing
from schemas.source import step
from workflows.checking.known import World
from workflows.checking.limits import check_limits
from workflows.checking.receives import check_receives
from workflows.checking.report import Report
from workflows.checking.texts import Scope, check_bare, check_value
from workflows.checking.unsupported import refuse

JSON = Any
_NOTHING: frozenset[str] = frozenset()


def check_connection(report: Report, document: Mapping[str, JSON], world: World) -> None:
    """Check a connection: its kind, and of its operations mappings, contracts and idempotency."""
    kind = document["kind"]
    if world.kinds is not None and kind not in world.kinds:
        problem = f"There is no connector of kind `{kind}`{guess(kind, world.kinds)}"
        report.value("unknown-kind-of-connection", "/kind", problem, listing(world.kinds))
    elif world.settings is not None:
        _check_settings(report, kind, document.get("settings") or {}, world.settings(kind))
    operations = document.get("operations") or {}
    if not operations and "receives" not in document:
        hint = "Add `operations`, or `receives` in a connection that others call."
        report.key("missing-property", "", "A connection has operations, or receives something.", hint)
    check_receives(report, document, world)
    _check_events(report, document, operations)
    check_limits(report, document)
    for name, operation in operations.items():
        place = f"/operations{step(name)}"
        for key in ("request", "response"):
            check_bare(report, f"{place}/{key}", operation.get(key), Scope(f"a {key}", _NOTHING))
        for key in ("input", "output"):
            _check_schema(report, f"{place}/{key}", operation.get(key))
        _check_idempotency(report, place, operation, operations)


def _check_settings(report: Report, kind: str, settings: Mapping[str, JSON], schema: Mapping[str, JSON]) -> None:
    """Check the names of the settings; their values are known where the connection is opened."""
    known: Mapping[str, JSON] = schema.get("properties", {})
    meant = set()
    for name in settings:
        if name not in known:
            meant.add(did_you_mean(name, known))
            problem = f"`{name}` is not a setting of connections of kind `{kind}`{guess(name, known)}"
            report.key("unknown-property", f"/settings{step(name)}", problem, listing(known))
    for name in schema.get("required", ()):
        if name not in settings and name not in meant:  # a setting that is misspelt is not missing as well
            problem = f"A connection of kind `{kind}` needs the setting `{name}`."
            report.key("missing-property", "/settings", problem, str(known[name].get("description", "")))


def _check_events(report: Report, document: Mapping[str, JSON], operations: Mapping[str, JSON]) -> None:
    events = document.get("events")
    if events is None:
        return
    if document["kind"] != "http":
        refuse(
            report, "/events", f"Sending events to a connection of kind `{document['kind']}`", "use one of kind http."
        )
    elif events["operation"] not in operations:
        problem = (
            f"There is no operation `{events['operation']}` in this connection{guess(events['operation'], operations)}"
        )
        report.value("unknown-operation", "/events/operation", problem, listing(operations))


def _check_idempotency(
    report: Report, place: str, operation: Mapping[str, JSON], operations: Mapping[str, JSON]
) -> None:
    idempotency = operation.get("idempotency")
    if idempotency is None:
        if operation["effect"] == "write":
            hint = "Add `idempotency: {key: …, find: …}`, with an operation that looks it up."
            problem = "When no answer comes, nobody can tell whether this write happened, and somebody has to look."
            report.key("no-idempotency", place, problem, hint)
        return
    check_bare(report, f"{place}/idempotency/key", idempotency["key"], Scope("an idempotency key", _NOTHING))
    find = idempotency.get("find")
    if find is None:
        hint = "Add `find`, with an operation that looks it up."
        problem = "When no answer comes, there is no way to find out whether this write happened."
        report.key("no-idempotency", f"{place}/idempotency", problem, hint)
    elif find not in operations:
        reads = [name for name, each in operations.items() if each["effect"] == "read"]
        problem = f"There is no operation `{find}` in this connection{guess(find, reads)}"
        report.value("unknown-find", f"{place}/idempotency/find", problem, listing(reads, word="It reads with"))
    elif operations[find]["effect"] != "read":
        problem = f"`{find}` is a write; looking for a lost write must not change anything."
        report.value("unknown-find", f"{place}/idempotency/find", problem, "Name an operation with `effect: read`.")


def check_decision(report: Report, document: Mapping[str, JSON], world: World) -> None:
    """Check a decision table: its inputs, and its rules one by one and together."""
    del world
    inputs = Scope("an input of a decision", _NOTHING)
    rules = Scope("a rule", _NOTHING)
    for name, text in document["inputs"].items():
        check_bare(report, f"/inputs{step(name)}", text, inputs)
    ids: set[str] = set()
    always = None
    for index, rule in enumerate(document["rules"]):
        place = f"/rules/{index}"
        if rule["id"] in ids:
            report.value("duplicate-rule", f"{place}/id", f"There are two rules `{rule['id']}`.", "Rename one of them.")
        ids.add(rule["id"])
        if always is not None and document.get("hit", "first") == "first":
            problem = f"The rule `{rule['id']}` is never looked at: `{always}` before it always matches."
            report.key("unreachable-rule", place, problem, "Move the rule without `when` to the end.")
        elif "when" not in rule:
            always = rule["id"]
        check_bare(report, f"{place}/when", rule.get("when"), rules)
        check_value(report, f"{place}/then", rule["then"], rules)


def check_stages(report: Report, document: Mapping[str, JSON], world: World) -> None:
    """Check a list of stages."""
    del world
    ids: set[str] = set()
    for index, stage in enumerate(document["list"]):
        if stage["id"] in ids:
            hint = "Rename one of them."
            report.value("duplicate-stage", f"/list/{index}/id", f"There are two stages `{stage['id']}`.", hint)
        ids.add(stage["id"])


def _check_schema(report: Report, pointer: str, schema: JSON) -> None:
    for flaw in flaws(schema) if schema is not None else ():
        report.value("schema-unusable", pointer + flaw.pointer, flaw.sentence, flaw.hint)
