"""Checks what a call means: which function, operation or form it names, and whether its arguments fit."""

import re
from collections.abc import Mapping
from typing import Any, Final

from cauce.form_schemas import paths
from schemas import guess, listing
from workflows.checking.assignment import check_assignment, check_due, row_of, without_where
from workflows.checking.catalogs import DEFAULT, callee, split
from workflows.checking.clocks import check_clock_call
from workflows.checking.contracts import check_arguments
from workflows.checking.known import World
from workflows.checking.people import check_life
from workflows.checking.profiles import absence
from workflows.checking.protocols import PROTOCOLS, check_endpoint, check_protocol, without_subscription
from workflows.checking.report import Report
from workflows.checking.resources import check_pinned
from workflows.checking.templates import check_filling
from workflows.checking.texts import AFTER_TASK, IN_TASK, check_value
from workflows.checking.walk import Around, Process
from workflows.notifying import operations_of

JSON = Any
CATALOG: Final = ("human-task", "decision", "enter-stage", "clock", "render", "notify", "compensate")
CATALOG_VERSION: Final = "1.0.0"
_ANSWER = re.compile(r"\.answer\.([A-Za-z_][A-Za-z0-9_]*)")


def check_call(process: Process, pointer: str, task: Mapping[str, JSON], around: Around) -> None:
    """Check a `call` task."""
    name: str = task["call"]
    given: JSON = task.get("with")
    kind = kind_of_call(process, pointer, name)
    to_system = kind in ("http", "operation") or kind in PROTOCOLS
    what = "the arguments of a call" if to_system else f"the arguments of `{name}`"
    scope = process.scope(what, IN_TASK, around, secrets=to_system)
    seen = without_where(given) if kind == "human-task" else without_subscription(given)
    check_value(process.report, f"{pointer}/with", seen, scope)
    if kind == "http":
        check_endpoint(process, f"{pointer}/with/endpoint", given["endpoint"])
    elif kind in PROTOCOLS:
        check_protocol(process, pointer, task, around)
    elif kind == "operation":
        contract = process.world.operations[name]
        if contract is not None:
            check_arguments(process.report, f"{pointer}/with", given, contract.input, f"`{name}`")
    elif kind == "function":
        _check_arguments_of_function(process, pointer, name, given)
    elif kind == "human-task":
        _check_human_task(process, pointer, task, around)
    else:
        _check_in_catalog(process, pointer, kind, given)


def _check_in_catalog(process: Process, pointer: str, kind: str | None, given: JSON) -> None:
    """Check a call of a function of the default catalog."""
    if kind == "decision":
        check_name(process, f"{pointer}/with/table", given["table"], "decision")
    elif kind == "clock":
        check_clock_call(process, f"{pointer}/with", given)
    elif kind in ("render", "notify"):
        _check_message(process, pointer, kind, given)
    elif kind == "enter-stage":
        _check_stage(process, f"{pointer}/with", given)


def kind_of_call(process: Process, pointer: str, name: str) -> str | None:
    """Return what a call's name stands for: http, operation, function or a name of the catalog; report none."""
    if name == "http" or name in PROTOCOLS or name in CATALOG:
        return name
    functions = [*process.defined("functions"), *process.world.functions]
    if name in functions:
        return "function"
    if "://" in name:
        check_pinned(process, f"{pointer}/call", name, None, "function")
        return "function"
    if ":" in name and "@" in name:
        return _full_name(process, f"{pointer}/call", name)
    if "@" in name:
        return "operation" if find_operation(process.report, process.world, f"{pointer}/call", name) else None
    options = [*functions, *CATALOG, "http", *process.world.operations]
    hint = listing([*functions, *CATALOG, "http"], word="Possible")
    problem = f"There is nothing called `{name}` to call{guess(name, options)}"
    process.report.value("unknown-call", f"{pointer}/call", problem, hint)
    return None


def _full_name(process: Process, pointer: str, name: str) -> str | None:
    short, version, catalog = split(name) or ("", "", "")
    catalogs, published = process.defined("catalogs"), process.world.functions
    if catalog in catalogs:
        if callee(name, (), catalogs, published) is None:
            problem = f"`{name}` does not name a function of a catalog."
            process.report.value("unknown-call", pointer, problem, "Write it as log:1.0.0@catalog.")
            return None
        return "function"
    if catalog != DEFAULT:
        options = [DEFAULT, *catalogs]
        problem = f"There is no catalog `{catalog}` under `use.catalogs`{guess(catalog, options)}"
        process.report.value("unknown-reference", pointer, problem, listing(options))
        return None
    options = [*CATALOG, *published]
    if short not in options:
        problem = f"The default catalog has no `{short}`{guess(short, options)}"
        process.report.value("unknown-call", pointer, problem, listing(options, word="It has"))
        return None
    versions = [CATALOG_VERSION] if short in CATALOG else [*published[short]]
    if version not in versions:
        problem = f"There is no version {version} of `{short}`."
        hint = f"The version is {versions[0]}." if len(versions) == 1 else listing(versions)
        process.report.value("unknown-call", pointer, problem, hint)
        return None
    return short if short in CATALOG else "function"


def _check_arguments_of_function(process: Process, pointer: str, name: str, given: JSON) -> None:
    """Compare what is given to a function with the schema of its input; without arguments that is data."""
    own = process.defined("functions")
    found = callee(name, own, process.defined("catalogs"), process.world.functions)
    task = own.get(name) if found is None else found.task
    holder = task.get("input") if isinstance(task, dict) else None
    schema = holder.get("schema") if isinstance(holder, dict) else None
    if given is not None and isinstance(schema, dict):
        check_arguments(process.report, f"{pointer}/with", given, schema.get("document"), f"`{name}`")


def find_operation(report: Report, world: World, pointer: str, name: str) -> bool:
    """Tell whether there is this `operation@connection`, and report what is wrong with the name when there is not."""
    operation, _, connection = name.partition("@")
    if name in world.operations:
        return True
    if world.profile and (why := absence(world.profile, connection)) is not None:
        problem = f"There is no `{connection}` in the profile `{world.profile['profile']}`: {why.rstrip('.')}."
        hint = "Do it without, or check and publish with a profile that has it."
        report.value("absent-connection", pointer, problem, hint)
        return False
    if connection not in world.connections:
        problem = f"There is no connection `{connection}`{guess(connection, world.connections)}"
        hint = listing(world.connections) or "Write it, or check it together with this file."
        report.value("unknown-connection", pointer, problem, hint)
        return False
    options = [each.partition("@")[0] for each in world.operations if each.endswith(f"@{connection}")]
    problem = f"The connection `{connection}` has no operation `{operation}`{guess(operation, options)}"
    report.value("unknown-operation", pointer, problem, listing(options, word="It has"))
    return False


def _check_human_task(process: Process, pointer: str, task: Mapping[str, JSON], around: Around) -> None:
    given, report = task["with"], process.report
    place = f"{pointer}/with"
    check_name(process, f"{place}/form", given["form"], "form")
    check_assignment(process, place, given)
    policies, policy = process.world.policies, given.get("policy")
    row = row_of(policies.get(policy), given["form"], {"due": None, "expires": None})
    due = given.get("due") or row.get("due")
    for key in ("due", "followUp", "expires"):
        check_due(report, f"{place}/{key}", given.get(key), process.world)
    expires = given.get("expires") or row.get("expires")
    if not due and not expires and "timeout" not in task and not around.timed:
        hint = "Add `due: {after: P2D}` to its arguments, or a `timeout`."
        report.key("no-time-limit", f"{pointer}/call", "Nobody is told when this task is left lying.", hint)
    for index, name in enumerate(given.get("differentFrom") or ()):
        if name not in process.human_tasks:
            problem = f"There is no human task `{name}` in this process{guess(name, process.human_tasks)}"
            report.value("unknown-task", f"{place}/differentFrom/{index}", problem, listing(process.human_tasks))
    check_life(process, pointer, given)
    _check_answers(process, pointer, task)


def _check_answers(process: Process, pointer: str, task: Mapping[str, JSON]) -> None:
    """Check that what is read of the answer is in the form."""
    form = process.world.forms.get(task["with"]["form"])
    fields = [name for name in paths(form.get("schema") if isinstance(form, dict) else None) if "." not in name]
    if not fields:
        return
    place = "output" if "as" in (task.get("output") or {}) else "export"
    text = (task.get(place) or {}).get("as")
    for found in _ANSWER.finditer(text) if isinstance(text, str) else ():
        if found[1] not in fields:
            problem = f"The form `{task['with']['form']}` has no field `{found[1]}`{guess(found[1], fields)}"
            where = f"{pointer}/{place}/as"
            process.report.text("unknown-answer", where, found.start(1), problem, listing(fields, word="It has"))


def _check_message(process: Process, pointer: str, kind: str, given: Mapping[str, JSON]) -> None:
    """Check what is made of a template, and whether there is somebody to send it."""
    place = f"{pointer}/with"
    if "template" in given:
        document = check_name(process, f"{place}/template", given["template"], "template")
        check_filling(process.report, place, given, document)
    elif kind == "notify" and "title" not in given:
        hint = "Add `template`, or `title` and `text`."
        process.report.key("missing-property", place, "There is nothing to say in this message.", hint)
    for operation in operations_of(kind, given):
        find_operation(
            process.report, process.world, f"{place}/connection" if "connection" in given else place, operation
        )


def _check_stage(process: Process, pointer: str, given: Mapping[str, JSON]) -> None:
    document = check_name(process, f"{pointer}/stages", given["stages"], "stages")
    stages = document.get("list") if isinstance(document, dict) else None
    if not isinstance(stages, list) or "${" in given["stage"]:
        return
    ids: list[str] = [str(each["id"]) for each in stages if isinstance(each, dict) and "id" in each]
    if given["stage"] not in ids:
        problem = f"The list `{given['stages']}` has no stage `{given['stage']}`{guess(given['stage'], ids)}"
        process.report.value("unknown-stage", f"{pointer}/stage", problem, listing(ids, word="It has"))


def check_name(process: Process, pointer: str, name: str, kind: str) -> JSON:
    """Check that a form, decision table or list of stages exists, and return it."""
    world = process.world
    options, what = {
        "form": (world.forms, "form"),
        "decision": (world.decisions, "decision table"),
        "stages": (world.stages, "list of stages"),
        "template": (world.templates, "template"),
    }[kind]
    if name not in options:
        problem = f"There is no {what} `{name}`{guess(name, options)}"
        hint = listing(options) or "Write it, or check it together with this file."
        process.report.value(f"unknown-{kind}", pointer, problem, hint)
    return options.get(name)


def check_compensation(process: Process, pointer: str, task: Mapping[str, JSON], around: Around) -> None:
    """Check the call that a task declares to undo it."""
    undo = undoing(task)
    if undo is None:
        return
    place = f"{pointer}/metadata/cauce/compensate"
    call = task.get("call")
    if not isinstance(call, str) or "@" not in call or ":" in call:
        hint = "Declare it at the call that does what has to be undone."
        process.report.key("compensation", place, "Only a call of an operation can be undone.", hint)
        return
    if not find_operation(process.report, process.world, f"{place}/call", undo["call"]):
        return
    contract = process.world.operations[undo["call"]]
    scope = process.scope("a compensation", AFTER_TASK, around, secrets=True)
    check_value(process.report, f"{place}/with", undo.get("with"), scope)
    if contract is not None:
        check_arguments(process.report, f"{place}/with", undo.get("with"), contract.input, f"`{undo['call']}`")


def undoing(task: Mapping[str, JSON]) -> Mapping[str, JSON] | None:
    """Return the compensation that a task declares."""
    metadata = task.get("metadata")
    ours = metadata.get("cauce") if isinstance(metadata, dict) else None
    undo = ours.get("compensate") if isinstance(ours, dict) else None
    return undo if isinstance(undo, dict) and isinstance(undo.get("call"), str) else None
