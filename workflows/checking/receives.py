"""Checks what a connection receives: that its kind does, that something becomes of it, and every expression."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from schemas import flaws, guess, listing
from schemas.elements import UnsuitedError, elements_of
from schemas.source import step
from workflows.checking.known import World
from workflows.checking.report import Report
from workflows.checking.texts import Scope, check_bare

JSON = Any
_nothing: Final[frozenset[str]] = frozenset()
# These kinds are told by name what is meant, so no `when` stands in the way of another.
_by_name: Final = frozenset({"soapserver"})


def check_receives(report: Report, document: Mapping[str, JSON], world: World) -> None:
    """Check the part `receives` of a connection."""
    receptions: Mapping[str, JSON] = document.get("receives") or {}
    kind = document["kind"]
    known = world.kinds is None or kind in world.kinds
    if receptions and known and world.settings is not None and not world.settings(kind)["cauceReceives"]:
        problem = f"Connections of kind `{kind}` receive nothing."
        report.key("receives", "/receives", problem, "Make a connection of kind webhook for it.")
    anything = ""
    for name, reception in receptions.items():
        place = f"/receives{step(name)}"
        if anything:
            problem = f"`{name}` is never reached: `{anything}` before it takes everything."
            report.key("receives", place, problem, f"Give `{anything}` a `when`, or put it at the end.")
        elif "when" not in reception and kind not in _by_name:
            anything = name
        _check_outcome(report, place, reception)
        _check_process(report, place, reception, world)
        if kind in _by_name:
            _check_elements(report, place, name, reception, receptions)
        for key, text, what in _expressions(reception):
            check_bare(report, f"{place}/{key}", text, Scope(what, _nothing))
        for key in ("input", "output"):
            for flaw in flaws(reception[key]) if key in reception else ():
                report.value("schema-unusable", f"{place}/{key}{flaw.pointer}", flaw.sentence, flaw.hint)


def _check_outcome(report: Report, place: str, reception: Mapping[str, JSON]) -> None:
    """Check that something becomes of what is received, and only one thing."""
    if "event" in reception and "starts" in reception:
        hint = "Leave the event, and start the process by `schedule.on`; or leave `starts`, which waits for its output."
        report.key("receives", f"{place}/starts", "One delivery becomes an event or the start of a process.", hint)
    if not {"event", "starts", "answer"} & reception.keys():
        hint = "Add `event: {type: …}`, or `starts: {process: …}`."
        report.key("receives", place, "Nothing becomes of what is received here.", hint)


def _check_elements(
    report: Report, place: str, name: str, reception: Mapping[str, JSON], receptions: Mapping[str, JSON]
) -> None:
    """Check what is published as a WSDL: names that it has for itself, and schemas that elements can say."""
    for key in ("when", "answer"):
        if key in reception:
            report.key("receives", f"{place}/{key}", f"`{key}` means nothing here.", "Take it out.")
    taken = next((each for each in receptions if f"{each}Response" == name), "")
    if name == "Problem" or taken:
        whose = f"the answer of `{taken}`" if taken else "what faults hold"
        report.key("receives", place, f"`{name}` is the name of {whose}.", "Take another name.")
    if "id" not in reception and "key" not in (reception.get("starts") or {}):
        hint = "Add `id`, an expression for what tells one request from another."
        problem = "A caller that gets no answer and repeats its request is taken for another one."
        report.key("no-idempotency", place, problem, hint)
    for key in ("input", "output"):
        try:
            elements_of(reception.get(key))
        except UnsuitedError as error:
            hint = "Write it with properties of one type each, lists and objects."
            report.value("schema-unusable", f"{place}/{key}{error.pointer}", error.sentence, hint)


def _check_process(report: Report, place: str, reception: Mapping[str, JSON], world: World) -> None:
    process = (reception.get("starts") or {}).get("process")
    if process is None or process in world.processes:
        return
    problem = f"There is no process `{process}`{guess(process, world.processes)}"
    report.value("unknown-process", f"{place}/starts/process", problem, listing(world.processes))


def _expressions(reception: Mapping[str, JSON]) -> Iterator[tuple[str, JSON, str]]:
    for key in ("when", "id"):
        yield key, reception.get(key), f"a delivery's {key}"
    for key in ("subject", "data"):
        yield f"event/{key}", (reception.get("event") or {}).get(key), "what is made of a delivery"
    for key in ("input", "key", "response"):
        yield f"starts/{key}", (reception.get("starts") or {}).get(key), "what is made of a delivery"
    yield "answer/body", (reception.get("answer") or {}).get("body"), "an answer"
