"""Checks the gates of roadmaps: that they can be decided, and that what they ask for can be answered."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from schemas import guess, listing
from workflows.checking.known import World
from workflows.checking.report import Report

JSON = Any
# These may be asked of everything.
_OF_ALL: Final = frozenset({"dead-letters", "budget-variance", "regression"})
# These are true or false by themselves.
_PLAIN: Final = frozenset({"certified", "tests-green", "reconciliation", "regression"})


def check_gate(report: Report, place: str, gate: Mapping[str, JSON], world: World) -> None:
    """Check who decides a gate, and what it asks of the running system."""
    approvers = gate["approvers"]
    if gate.get("quorum", 1) > len(approvers):
        problem = f"`{gate['id']}` wants {gate['quorum']} to agree, and only {len(approvers)} may decide."
        report.value("gate", f"{place}/quorum", problem, "Lower it, or add approvers.")
    for index, each in enumerate(gate.get("evidence") or ()):
        if "fact" in each and each["fact"] not in _OF_ALL and "of" not in each:
            problem = f"Nothing says of what `{each['fact']}` is asked."
            report.key(
                "gate", f"{place}/evidence/{index}", problem, "Add `of`: a connection, definition, sync or figure."
            )
        if "fact" in each and each["fact"] not in _PLAIN and "least" not in each and "most" not in each:
            problem = f"Nothing says when `{each['fact']}` is good enough."
            report.key("gate", f"{place}/evidence/{index}", problem, "Add `least` or `most`.")
        if "fact" in each and "of" in each:
            _check_asked(report, f"{place}/evidence/{index}", each, world)


def _check_asked(report: Report, place: str, piece: Mapping[str, JSON], world: World) -> None:
    """Tell of a process or sync that nobody has: its fact never holds. A connection may well come with the work."""
    known: Collection[str] = ()
    match piece["fact"]:
        case "tests-green":
            known = {*world.processes, *(part for name in world.processes for part in name.split(".", 1))}
        case "reconciliation" | "sync-lag":
            known = world.syncs
        case _:
            pass
    # Without any of its kind, nobody can know.
    if known and piece["of"] not in known:
        problem = f"`{piece['fact']}` is asked of `{piece['of']}`, which is not there{guess(piece['of'], known)}"
        report.warn("gate", f"{place}/of", problem, listing(known))
