"""Checks the meaning of tasks, one after the other, and of the tasks within them."""

from collections.abc import Mapping
from typing import Any

from schemas import flaws
from workflows.checking.calendars import check_calendar_of_task
from workflows.checking.calls import check_call, check_compensation
from workflows.checking.events import check_events
from workflows.checking.events import loop_variables as event_variables
from workflows.checking.fallback import check_fallback
from workflows.checking.flow import check_flow, named, task_pointer
from workflows.checking.runs import check_run
from workflows.checking.texts import (
    AFTER_TASK,
    AFTER_WORKFLOW,
    BEFORE_TASK,
    IN_TASK,
    check_bare,
    check_transform,
    check_value,
    warn_of_lost_context,
)
from workflows.checking.unsupported import check_schema as refuse_schema
from workflows.checking.walk import Around, Process, foreach_of_subscription

JSON = Any
_LISTS = ("do", "try")


def check_tasks(process: Process, pointer: str, tasks: JSON, around: Around, *, parallel: bool = False) -> None:
    """Check a list of tasks; `parallel` when they are the branches of a fork."""
    if not isinstance(tasks, list):
        return
    check_flow(process.report, pointer, tasks, process.tasks, parallel=parallel)
    for index, name, task in named(tasks):
        check_task(process, task_pointer(pointer, index, name), task, around)


def check_task(process: Process, pointer: str, task: JSON, around: Around) -> None:
    """Check one task and what is in it; where its own form is wrong, only what is in it."""
    if not isinstance(task, dict):
        return
    inside = around.adding(timed="timeout" in task)
    if pointer not in process.broken:
        _check_common(process, pointer, task, around)
        _check_keyword(process, pointer, task, around)
    loop, catch, fork = task.get("for"), task.get("catch"), task.get("fork")
    if isinstance(loop, dict):
        inside = inside.adding(*loop_variables(loop))
    for keyword in _LISTS:
        check_tasks(process, f"{pointer}/{keyword}", task.get(keyword), inside)
    if isinstance(fork, dict):
        check_tasks(process, f"{pointer}/fork/branches", fork.get("branches"), inside, parallel=True)
    messages = foreach_of_subscription(task)
    if messages is not None:
        each = inside.adding(*event_variables(messages))
        check_tasks(process, f"{pointer}/with/subscription/foreach/do", messages.get("do"), each)
    if isinstance(task.get("foreach"), dict):
        each = inside.adding(*event_variables(task["foreach"]))
        check_tasks(process, f"{pointer}/foreach/do", task["foreach"].get("do"), each)
    if isinstance(catch, dict):
        caught = inside.adding(str(catch.get("as", "error")))
        check_tasks(process, f"{pointer}/catch/do", catch.get("do"), caught)


def loop_variables(loop: Mapping[str, JSON]) -> tuple[str, str]:
    """Return the variables that a `for` task gives to the tasks in it."""
    return str(loop.get("each", "item")), str(loop.get("at", "index"))


def _check_common(process: Process, pointer: str, task: Mapping[str, JSON], around: Around) -> None:
    report = process.report
    check_bare(report, f"{pointer}/if", task.get("if"), process.scope("an `if`", BEFORE_TASK, around))
    transforms = (
        ("input", "from", process.scope("`input.from`", BEFORE_TASK, around)),
        ("output", "as", process.scope("`output.as`", IN_TASK, around)),
        ("export", "as", process.scope("`export.as`", AFTER_TASK, around)),
    )
    for section, key, scope in transforms:
        holder = task.get(section)
        if isinstance(holder, dict):
            check_transform(report, f"{pointer}/{section}/{key}", holder.get(key), scope)
            refuse_schema(report, f"{pointer}/{section}", holder)
            check_schema_of(process, f"{pointer}/{section}", holder)
    warn_of_lost_context(report, pointer, task)
    check_timeout(process, f"{pointer}/timeout", task.get("timeout"), around)
    check_calendar_of_task(report, pointer, task, process.world)
    check_compensation(process, pointer, task, around)
    check_fallback(process, pointer, task, around)


def check_schema_of(process: Process, pointer: str, holder: Mapping[str, JSON]) -> None:
    """Check that the schema of an input, output or export is one."""
    schema = holder.get("schema")
    if isinstance(schema, dict) and "document" in schema:
        for flaw in flaws(schema["document"]):
            place = f"{pointer}/schema/document{flaw.pointer}"
            process.report.value("schema-unusable", place, flaw.sentence, flaw.hint)


def check_timeout(process: Process, pointer: str, timeout: JSON, around: Around) -> None:
    """Check a timeout, which may be the name of one."""
    if isinstance(timeout, str):
        hint = f"Write a duration as {{after: {timeout}}}." if timeout.startswith("P") else ""
        process.check_reference(pointer, timeout, "timeouts", hint)
    else:
        variables = AFTER_WORKFLOW if pointer == "/timeout" else IN_TASK
        check_value(process.report, pointer, timeout, process.scope("a timeout", variables, around))


def _check_keyword(process: Process, pointer: str, task: Mapping[str, JSON], around: Around) -> None:
    report, definition = process.report, process.scope("this task", IN_TASK, around)
    if "call" in task:
        check_call(process, pointer, task, around)
    elif "emit" in task or "listen" in task:
        check_events(process, pointer, task, around)
    elif plain := next((word for word in ("set", "wait") if word in task), None):
        check_value(report, f"{pointer}/{plain}", task[plain], definition)
    elif "switch" in task:
        _check_switch(process, pointer, task["switch"], around)
    elif "raise" in task:
        error = task["raise"]["error"]
        if isinstance(error, str) and "${" not in error:
            process.check_reference(f"{pointer}/raise/error", error, "errors")
        check_value(report, f"{pointer}/raise/error", error, definition)
    elif "for" in task:
        check_bare(report, f"{pointer}/for/in", task["for"]["in"], definition)
        inner = definition.adding(*loop_variables(task["for"]))
        check_bare(report, f"{pointer}/while", task.get("while"), inner)
    elif "try" in task:
        _check_catch(process, f"{pointer}/catch", task["catch"], around)
    elif "run" in task:
        check_run(process, f"{pointer}/run", task["run"], around)


def _check_switch(process: Process, pointer: str, cases: JSON, around: Around) -> None:
    scope = process.scope("a `when`", IN_TASK, around)
    default: str | None = None
    names: set[str] = set()
    for index, name, case in named(cases):
        here = task_pointer(f"{pointer}/switch", index, name)
        if name in names:
            process.report.key(
                "duplicate-task", here, f"There are two cases `{name}`.", "Give one of them another name."
            )
        names.add(name)
        if default is not None:
            what = "A switch has one default" if "when" not in case else "No case after the default is ever looked at"
            hint = "Give one of them a `when`." if "when" not in case else "Move the default to the end."
            process.report.key("switch-default", here, f"{what}; `{default}` is it.", hint)
        elif "when" not in case:
            default = name
        check_bare(process.report, f"{here}/when", case.get("when"), scope)


def _check_catch(process: Process, pointer: str, catch: Mapping[str, JSON], around: Around) -> None:
    variable = str(catch.get("as", "error"))
    scope = process.scope("a `catch`", IN_TASK, around).adding(variable)
    check_value(process.report, f"{pointer}/errors/with", (catch.get("errors") or {}).get("with"), scope)
    for key in ("when", "exceptWhen"):
        check_bare(process.report, f"{pointer}/{key}", catch.get(key), scope)
    retry = catch.get("retry")
    if isinstance(retry, str):
        process.check_reference(f"{pointer}/retry", retry, "retries")
    else:
        check_retry(process, f"{pointer}/retry", retry, around.adding(variable))


def check_retry(process: Process, pointer: str, policy: JSON, around: Around) -> None:
    """Check a retry policy."""
    if not isinstance(policy, dict):
        return
    scope = process.scope("a retry", IN_TASK, around)
    for key, value in policy.items():
        if key in ("when", "exceptWhen"):
            check_bare(process.report, f"{pointer}/{key}", value, scope)
        else:
            check_value(process.report, f"{pointer}/{key}", value, scope)
