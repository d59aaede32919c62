"""Checks that the two ways of a two-way sync fit each other, and that a sync of one way has nothing of them."""

from collections.abc import Mapping
from typing import Any, Final

from cauce.sync import MAPPING_VARIABLES
from workflows.checking.report import Report
from workflows.checking.texts import Scope, check_bare

JSON = Any
_OF_TWO: Final = ("/match", "/conflicts", "/target/with", "/target/get", "/source/changed")
_NOTHING: Final[frozenset[str]] = frozenset()


def check_ways(report: Report, document: Mapping[str, JSON]) -> None:
    """Check what is said of two ways."""
    back = document.get("back")
    if back is None:
        for pointer in _OF_TWO:
            if _is_said(document, pointer):
                report.key("sync", pointer, "This is said of a two-way sync only.", "Add `back`, or take it out.")
        return
    check_bare(report, "/match", document.get("match"), Scope("a match", _NOTHING))
    _check_connections(report, document, back)
    for at, way in (("", document), ("/back", back)):
        if way["target"].get("many"):
            problem = "A two-way sync writes row by row."
            report.key("sync", f"{at}/target/many", problem, "Take `many` out.")
        lacking = {"create", "update"} - way["target"].keys()
        if "upsert" not in way["target"] and len(lacking) == 1:
            problem = f"A two-way sync adds rows and changes them; there is no `{lacking.pop()}`."
            report.key("sync", f"{at}/target", problem, "Add it, or `upsert`.")
        expression = check_bare(
            Report(report.source), f"{at}/mapping", way["mapping"], Scope("a mapping", MAPPING_VARIABLES)
        )
        if expression is not None and "target" in expression.reads.variables:
            problem = "The fields that both sides share do not depend on where a row is."
            report.value("sync", f"{at}/mapping", problem, "Use `$id` in the `with` of the target.")
    _check_rules(report, document, back)


def _check_connections(report: Report, document: Mapping[str, JSON], back: Mapping[str, JSON]) -> None:
    """Check that the way back reads where the way there writes, and the other way round."""
    read, written = _connection(back["source"]["call"]), _connection(_written(document))
    if written and read != written:
        problem = f"The way back reads from `{read}`, and rows are written to `{written}`."
        report.value("sync", "/back/source/call", problem, "Both have to be one connection.")
    read, written = _connection(document["source"]["call"]), _connection(_written(back))
    if written and read != written:
        problem = f"The way back writes to `{written}`, and rows are read from `{read}`."
        report.key("sync", "/back/target", problem, "Both have to be one connection.")


def _check_rules(report: Report, document: Mapping[str, JSON], back: Mapping[str, JSON]) -> None:
    conflicts = document.get("conflicts") or {}
    rules = {"/conflicts/otherwise": conflicts.get("otherwise")}
    rules |= {f"/conflicts/fields/{name}": rule for name, rule in (conflicts.get("fields") or {}).items()}
    dated = all(_is_dated(way["source"]) for way in (document, back))
    for pointer, rule in rules.items():
        if rule == "newest" and not dated:
            problem = "Nothing says when a row was changed, so that nobody knows which side is the newest."
            report.value("sync", pointer, problem, "Add `changed` to both sources, or read both by time.")


def _is_dated(source: Mapping[str, JSON]) -> bool:
    return bool(source.get("changed")) or (source.get("cursor") or {}).get("by") == "time"


def _written(way: Mapping[str, JSON]) -> str:
    return next((str(way["target"][name]) for name in ("upsert", "create", "update") if name in way["target"]), "")


def _connection(call: str) -> str:
    return call.partition("@")[2]


def _is_said(document: JSON, pointer: str) -> bool:
    for name in pointer[1:].split("/"):
        if not isinstance(document, Mapping) or name not in document:
            return False
        document = document[name]
    return True
