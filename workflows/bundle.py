"""Builds what is published of a process: the document with everything that it names, and a digest of it all."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cauce.contract import CALL_WAIT_S, operation_queue
from cauce.errors import DefinitionError
from cauce.expressions import VERSION
from cauce.personal import NAMES, names_of_bundle
from workflows.checking.calls import CATALOG, CATALOG_VERSION, undoing
from workflows.checking.fallback import fallback_of
from workflows.checking.known import OperationContract
from workflows.checking.start_form import START_FORM, start_form_of
from workflows.checking.walk import all_tasks, inner_tasks
from workflows.durations import calendar_of
from workflows.notifying import operations_of

JSON = Any
FORMAT: Final = 1
# What a function of the default catalog names: the section of the bundle, and the argument.
_NAMED: Final[Mapping[str, tuple[str, str]]] = {
    "human-task": ("forms", "form"),
    "decision": ("decisions", "table"),
    "enter-stage": ("stages", "stages"),
    "clock": ("clocks", "clock"),
    "render": ("templates", "template"),
    "notify": ("templates", "template"),
}

_NEWER: Final = frozenset({"calendars", "clocks", "templates"})


@dataclass(frozen=True, slots=True)
class Function:
    """A function from outside of the process as it was when the process was published; `origin` is where it was."""

    task: JSON
    digest: str
    origin: str


@dataclass(frozen=True, slots=True)
class Outside:
    """All functions from outside that a process calls, by their key; `plain` says which one a plain name means."""

    functions: Mapping[str, Function] = field(default_factory=dict)
    plain: Mapping[str, str] = field(default_factory=dict)


def resolve(  # noqa: PLR0913 - one for each kind of definition
    document: Mapping[str, JSON],
    *,
    operations: Mapping[str, OperationContract],
    forms: Mapping[str, JSON],
    decisions: Mapping[str, JSON],
    stages: Mapping[str, JSON],
    clocks: Mapping[str, JSON] | None = None,
    templates: Mapping[str, JSON] | None = None,
    calendars: Callable[[str], JSON] | None = None,
    resources: Mapping[str, JSON] | None = None,
    functions: Outside | None = None,
) -> dict[str, JSON]:
    """Return the bundle of a checked process: everything that its calls name is in it, so that nothing can change.

    `calendars` gives a calendar with its holidays written out, `resources` is what was fetched from the addresses that
    it names, `functions` are those from outside that it calls.

    Raises:
        DefinitionError: It names something that is not among what was given.
    """
    own = (document.get("use") or {}).get("functions") or {}
    outside = functions or Outside()
    given = {"forms": forms, "decisions": decisions, "stages": stages}
    given |= {"clocks": clocks or {}, "templates": templates or {}}
    found: dict[str, dict[str, JSON]] = {"operations": {}, "calls": {}, **{section: {} for section in given}}
    tasks = list(all_tasks(document))
    calls, pinned = [(place, task, found["calls"], own) for place, task in _calls(tasks)], {}
    for key, function in outside.functions.items():
        inner: dict[str, JSON] = {}
        tasks += (within := list(inner_tasks(function.task, "", key)))
        calls += [("/use", task, inner, {}) for _, task in _calls(within)]
        pinned[key] = {"task": function.task, "digest": function.digest, "from": function.origin, "calls": inner}
    for place, task, names, local in calls:
        name, arguments = task["call"], task.get("with") or {}
        full = names[name] = _full_name(name, local, outside)
        if full in outside.functions:
            continue
        section, key = _NAMED.get(full.partition(":")[0] if full.endswith("@default") else "", ("", ""))
        if key in arguments:
            found[section][arguments[key]] = _pick(given[section], arguments[key], place)
        if by_hand := fallback_of(task):
            found["forms"][by_hand["form"]] = _pick(forms, by_hand["form"], place)
        for operation in _operations(full, task):
            found["operations"][operation] = _operation(operation, _pick(operations, operation, place))
    found["forms"] = _personal(document, found["forms"] | _first_form(document, forms))
    more = {name: each for name, each in (("functions", pinned), ("resources", dict(resources or {}))) if each}
    return _sealed(document, _sections(found, tasks, calendars) | more)


def _first_form(document: Mapping[str, JSON], forms: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return the form with which people start the process, if it has one."""
    name = start_form_of(document)
    return {name: _pick(forms, name, START_FORM)} if name else {}


def _personal(document: Mapping[str, JSON], forms: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return the forms with all names that the process marks as personal; without any they stay as they are."""
    names = sorted(names_of_bundle({"document": document, "forms": forms}))
    return {name: {**form, NAMES: names} if names else form for name, form in forms.items()}


def _sections(
    found: dict[str, dict[str, JSON]], tasks: Sequence[tuple[str, str, JSON]], calendars: Callable[[str], JSON] | None
) -> dict[str, dict[str, JSON]]:
    """Return what was found, without the newer sections where they are empty: what has none keeps its digest."""
    needed = _calendars(tasks, found["clocks"]) if calendars else ()
    found["calendars"] = {name: calendars(name) for name in sorted(needed)} if calendars else {}
    return {name: entries for name, entries in found.items() if entries or name not in _NEWER}


def _operations(full: str, task: Mapping[str, JSON]) -> list[str]:
    """Return the operations that a call makes, and that undo it."""
    undo = undoing(task)
    named = [full, *([undo["call"]] if undo else []), *operations_of(full, task.get("with") or {})]
    return [each for each in named if "@" in each and not each.endswith("@default")]


def _calendars(tasks: Iterable[tuple[str, str, JSON]], clocks: Mapping[str, JSON]) -> set[str]:
    """Return the calendars that tasks end and human tasks are due by, and those that clocks count in."""
    found = [task for _, _, task in tasks if isinstance(task, dict)]
    asked = [task["with"] for task in found if str(task.get("call")).partition(":")[0] == "human-task"]
    times = [given.get(key) or {} for given in asked for key in ("due", "followUp", "expires")]
    named = {each["calendar"] for each in (*times, *clocks.values()) if "calendar" in each}
    return named | {name for task in found if (name := calendar_of(task))}


def _sealed(document: Mapping[str, JSON], sections: Mapping[str, Mapping[str, JSON]]) -> dict[str, JSON]:
    head = document["document"]
    bundle = {
        "format": FORMAT,
        "namespace": head["namespace"],
        "name": head["name"],
        "version": head["version"],
        "expressions": VERSION,
        "document": dict(document),
        **{section: dict(sorted(entries.items())) for section, entries in sections.items()},
    }
    return {**bundle, "digest": digest(bundle)}


def digest(bundle: Mapping[str, JSON]) -> str:
    """Return the SHA-256 of a bundle's canonical JSON without the digest itself."""
    content = {key: value for key, value in bundle.items() if key != "digest"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _calls(tasks: Iterable[tuple[str, str, JSON]]) -> Iterator[tuple[str, Mapping[str, JSON]]]:
    for place, _, task in tasks:
        if isinstance(task, dict) and isinstance(task.get("call"), str):
            yield place, task


def _full_name(name: str, own: Mapping[str, JSON], outside: Outside) -> str:
    """Return what a call's name stands for, written out."""
    if name in own:
        return f"use.functions.{name}"
    if name in outside.functions:
        return name
    if name in CATALOG:
        return f"{name}:{CATALOG_VERSION}@default"
    return outside.plain.get(name, name)


def _operation(name: str, contract: OperationContract) -> dict[str, JSON]:
    return {
        "effect": contract.effect,
        "timeout_s": contract.timeout_s,
        "queue": operation_queue(contract.connection or name.partition("@")[2]),
        "input": contract.input,
        "output": contract.output,
        **({"connection": contract.connection} if contract.connection else {}),
        **({} if contract.wait_s == CALL_WAIT_S else {"wait_s": contract.wait_s}),
    }


def _pick(given: Mapping[str, JSON], name: str, place: str) -> JSON:
    if name not in given:
        raise DefinitionError(
            f"There is no `{name}` to publish with the process.", hint="Publish it first.", where=place
        )
    return given[name]
