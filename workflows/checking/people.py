"""Checks what may happen to a human task until it is answered: approvals, escalation, the case sent back."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cauce.errors import ExpressionError
from schemas import guess, listing
from workflows.approvals import DEFAULT_WHEN
from workflows.checking.texts import Scope, check_bare
from workflows.checking.walk import Process, all_tasks
from workflows.working_time import working_length

JSON = Any
_ACTS: Final = ("notify", "assign", "raise")


def check_life(process: Process, pointer: str, given: Mapping[str, JSON]) -> None:
    """Check the arguments of a human task that say what may become of it."""
    place = f"{pointer}/with"
    if "approvals" in given:
        _check_approvals(process, f"{place}/approvals", given["approvals"], given["form"])
    for index, step in enumerate(given.get("escalate") or ()):
        _check_step(process, f"{place}/escalate/{index}", step, given.get("due"))
    _check_targets(process, pointer, given)


def _check_approvals(process: Process, pointer: str, given: Mapping[str, JSON], form: str) -> None:
    report, need, of = process.report, given["need"], given.get("of")
    if isinstance(need, int) and isinstance(of, int) and need > of:
        problem = f"Only {of} are asked, and {need} have to agree."
        report.value("approvals", f"{pointer}/of", problem, f"Ask at least {need}, or let fewer be enough.")
    if "when" in given:
        check_bare(report, f"{pointer}/when", given["when"], Scope("`approvals.when`", frozenset()))
        return
    found = process.world.forms.get(form)
    schema = found.get("schema") if isinstance(found, Mapping) else None
    fields = schema.get("properties") if isinstance(schema, Mapping) else None
    if isinstance(fields, Mapping) and DEFAULT_WHEN.removeprefix(".") not in fields:
        problem = f"The form `{form}` has no field `approved`, so nobody can say yes."
        report.key("approvals", pointer, problem, 'Say what a yes is: when: .decision == "approve".')


def _check_step(process: Process, pointer: str, step: Mapping[str, JSON], due: JSON) -> None:
    report = process.report
    if ("after" in step) is ("at" in step):
        hint = "Write `after: PT4H`, or `at: 75` for percent of the time until it is due."
        report.value("escalation", pointer, "A step needs `after` or `at`, one of them.", hint)
    elif "at" in step and due is None:
        report.value(
            "escalation", f"{pointer}/at", "The task is never due, so there is no part of that.", "Give `due`."
        )
    if not any(key in step for key in _ACTS):
        report.value("escalation", pointer, "This step does nothing.", "Add `notify`, `assign` or `raise`.")
    after = step.get("after")
    if after is not None and "${" not in str(after) and isinstance(due, dict) and "calendar" in due:
        try:
            working_length(after)
        except ExpressionError as error:
            report.value("working-time", f"{pointer}/after", error.problem, error.hint or "")


def _check_targets(process: Process, pointer: str, given: Mapping[str, JSON]) -> None:
    earlier = list(_earlier(process, pointer))
    for index, name in enumerate(given.get("returnTo") or ()):
        if name not in earlier:
            problem = f"No earlier task `{name}` is in the same list or around it{guess(name, earlier)}"
            process.report.value("unknown-task", f"{pointer}/with/returnTo/{index}", problem, listing(earlier))


def _earlier(process: Process, pointer: str) -> Iterator[str]:
    """Yield the names of the tasks that the process may go back to from a task."""
    for other, name, _ in all_tasks(process.document):
        home, _, _ = other.rpartition("/")
        home, _, index = home.rpartition("/")
        if home.endswith("/branches") or not index.isdigit() or not pointer.startswith(f"{home}/"):
            continue
        own = pointer.removeprefix(f"{home}/").partition("/")[0]
        if own.isdigit() and int(index) < int(own):
            yield name
