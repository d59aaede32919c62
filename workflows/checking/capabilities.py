"""Checks capabilities, and that the connections that implement them do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas import flaws, guess, listing
from schemas.source import step
from workflows.checking.fitting import Misfit, misfits
from workflows.checking.known import World
from workflows.checking.report import Report
from workflows.checking.texts import Scope, check_bare, check_value

JSON = Any
VARIABLES: Final = frozenset({"mark", "digits", "data"})


@dataclass(frozen=True, slots=True)
class Shortcoming:
    """In what a connection falls short of a capability; `pointer` is within the connection's document."""

    code: str
    operation: str
    pointer: str
    problem: str
    hint: str


def check_capability(report: Report, document: Mapping[str, JSON], world: World) -> None:
    """Check a capability: its schemas, what its operations name, and its samples."""
    del world
    operations = document["operations"]
    for name, operation in operations.items():
        place = f"/operations{step(name)}"
        for key in ("input", "output"):
            for flaw in flaws(operation[key]):
                report.value("schema-unusable", f"{place}/{key}{flaw.pointer}", flaw.sentence, flaw.hint)
        for key in ("key", "identity"):
            check_bare(report, f"{place}/{key}", operation.get(key), Scope("an operation of a capability", frozenset()))
        _check_named(report, f"{place}/find", operation.get("find"), operations, "read")
        for key, effect in (("read", "read"), ("cleanup", "write")):
            follow = operation.get(key)
            if follow is not None:
                _check_named(report, f"{place}/{key}/operation", follow["operation"], operations, effect)
                check_bare(report, f"{place}/{key}/with", follow["with"], Scope("a follow-up", frozenset()))
        if "find" in operation and "identity" not in operation:
            problem = "Nothing says how one document that was found is told from another."
            report.key("capability", f"{place}/find", problem, "Add `identity`, such as `.number`.")
        check_value(report, f"{place}/samples", operation.get("samples"), Scope("a sample", VARIABLES))


def _check_named(report: Report, pointer: str, name: str | None, operations: Mapping[str, JSON], effect: str) -> None:
    if name is None:
        return
    if name not in operations:
        problem = f"The capability has no operation `{name}`{guess(name, operations)}"
        report.value("capability", pointer, problem, listing(operations))
    elif operations[name]["effect"] != effect:
        problem = f"`{name}` is a {operations[name]['effect']}; a {effect} is needed here."
        report.value("capability", pointer, problem, f"Name an operation with `effect: {effect}`.")


def check_implements(report: Report, document: Mapping[str, JSON], world: World) -> None:
    """Check that a connection does what the capabilities ask that it says it implements."""
    known: list[str] = []
    usable = bool(document.get("implements"))
    for index, name in enumerate(document.get("implements") or ()):
        capability = world.capabilities.get(name)
        if name not in world.capabilities:
            problem = f"There is no capability `{name}`{guess(name, world.capabilities)}"
            report.value("unknown-capability", f"/implements/{index}", problem, listing(world.capabilities))
            continue
        # One that is itself wrong is reported where it is written.
        usable = usable and capability is not None
        known += (capability or {}).get("data") or ()
        for each in shortcomings(capability, document) if capability else ():
            place = each.pointer or f"/implements/{index}"
            report.value(each.code, place, each.problem, each.hint)
    data = (document.get("certification") or {}).get("data") or {}
    for name in data if usable else ():
        if name not in known:
            problem = f"No capability that it implements asks for `{name}`{guess(name, known)}"
            report.key("capability", f"/certification/data{step(name)}", problem, listing(known))


def shortcomings(capability: Mapping[str, JSON], connection: Mapping[str, JSON]) -> Iterator[Shortcoming]:
    """Yield in what a (schema-valid) connection falls short of a capability."""
    title, operations = capability["capability"], connection.get("operations") or {}
    for name, wanted in capability["operations"].items():
        given, place = operations.get(name), f"/operations{step(name)}"
        if given is None:
            problem = f"`{title}` has an operation `{name}` that this connection does not have{guess(name, operations)}"
            yield Shortcoming("missing-operation", name, "", problem, "Add it, or take the capability out.")
            continue
        if given["effect"] != wanted["effect"]:
            problem = f"`{name}` of `{title}` is a {wanted['effect']}, and here it is a {given['effect']}."
            hint = f"Write `effect: {wanted['effect']}`."
            yield Shortcoming("capability", name, f"{place}/effect", problem, hint)
            continue
        find = wanted.get("find")
        if find is not None and (given.get("idempotency") or {}).get("find") != find:
            problem = f"A lost `{name}` of `{title}` is looked for with `{find}`, and here it is not."
            hint = f"Write `idempotency: {{key: {wanted.get('key', '…')}, find: {find}}}`."
            yield Shortcoming("capability", name, f"{place}/{'idempotency' * ('idempotency' in given)}", problem, hint)
        yield from _contracts(title, name, wanted, given)


def _contracts(title: str, name: str, wanted: Mapping[str, JSON], given: Mapping[str, JSON]) -> Iterator[Shortcoming]:
    for misfit in misfits(wanted["input"], given.get("input")):
        problem = f"`{name}` of `{title}` {_input(misfit)}"
        yield Shortcoming("contract", name, f"/operations{step(name)}/input", problem, "Take all that it allows.")
    for misfit in misfits(given.get("output"), wanted["output"]):
        problem = f"`{name}` of `{title}` {_output(misfit)}"
        yield Shortcoming("contract", name, f"/operations{step(name)}/output", problem, "Give what it promises.")


def _input(misfit: Misfit) -> str:
    path = f"`{misfit.path}`"
    match misfit.kind:
        case "required":
            return f"can be asked without {path}, and here it is required."
        case "unknown":
            return f"takes {path}, and here it is refused."
        case "type":
            return f"takes {path} of type {misfit.detail}, and here it is refused."
        case "value":
            return f"takes {path} with the value `{misfit.detail}`, and here it is refused."
        case _:
            return f"takes more in {path} than here: {misfit.detail}."


def _output(misfit: Misfit) -> str:
    path = f"`{misfit.path}`" if misfit.path else "an answer"
    match misfit.kind:
        case "required":
            return f"always gives {path}, and here it may be missing."
        case "unknown":
            return f"does not give {path}, and here it does."
        case "type":
            return f"never gives {path} of type {misfit.detail}, and here it may."
        case "value":
            return f"never gives {path} with the value `{misfit.detail}`, and here it may."
        case _:
            return f"keeps {path} within limits that do not hold here: {misfit.detail}."
