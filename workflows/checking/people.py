"""Checks what may happen to a human task until it is answered: approvals, escalation, the case sent back."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cauce.errors import ExpressionError
from schemas import guess, listing
from workflows.approvals import DEFAULT_WHEN
from workflows.checking.assignment import row_of
from workflows.checking.report import Report
from workflows.checking.texts import Scope, check_bare
from workflows.checking.walk import Process, all_tasks
from workflows.working_time import working_length

JSON = Any
_ACTS: Final = ("notify", "assign", "raise")


def check_life(process: Process, pointer: str, given: Mapping[str, JSON]) -> None:
    """Check the arguments of a human task that say what may become of it, and what its policy adds to them."""
    report, place, form = process.report, f"{pointer}/with", process.world.forms.get(given["form"])
    policy = given.get("policy")
    row = row_of(process.world.policies.get(policy), given["form"], {"due": None}) if policy else {}
    check_approvals(report, place, given)
    counted = [each["approvals"] for each in (given, row) if "approvals" in each]
    if counted and not any("when" in each for each in counted):
        _check_yes(report, f"{place}/{'approvals' if 'approvals' in given else 'policy'}", form)
    due = given.get("due") or row.get("due")
    # A policy that cannot be looked into may say it.
    check_ladder(report, place, given, due, known="due" not in row)
    if not due and any("at" in step for step in row.get("escalate") or ()):
        problem = f"The policy `{policy}` escalates by the time until it is due, and this task is never due."
        report.value("escalation", f"{place}/policy", problem, "Give `due`, here or in the policy.")
    _check_targets(process, pointer, given)


def check_approvals(report: Report, place: str, holder: Mapping[str, JSON]) -> None:
    """Check how many have to agree, and what a yes is."""
    given, here = holder.get("approvals") or {}, f"{place}/approvals"
    _check_count(report, here, given)
    also = given.get("also")
    for index, each in enumerate(also if isinstance(also, list) else ()):
        if isinstance(each, Mapping):
            _check_count(report, f"{here}/also/{index}", each)
    if given.get("inTurn"):
        _check_turns(report, here, given)
    check_bare(report, f"{here}/when", given.get("when"), Scope("`approvals.when`", frozenset()))


def _check_count(report: Report, place: str, given: Mapping[str, JSON]) -> None:
    need, of = given.get("need", 1), given.get("of")
    if isinstance(need, int) and isinstance(of, int) and need > of:
        problem = f"Only {of} are asked, and {need} have to agree."
        report.value("approvals", f"{place}/of", problem, f"Ask at least {need}, or let fewer be enough.")


def _check_turns(report: Report, place: str, given: Mapping[str, JSON]) -> None:
    """Check that groups which sign one after the other are groups, one person of each."""
    also = given.get("also")
    counts = [given, *(each for each in also if isinstance(each, Mapping))] if isinstance(also, list) else [given]
    if also is None or any("need" in each or "of" in each for each in counts):
        hint = "Write `also: [finance]` without counts, or leave `inTurn` out: then all are asked at the same time."
        report.key("approvals", f"{place}/inTurn", "Groups in turn are those of `also`, one person of each.", hint)


def _check_yes(report: Report, pointer: str, form: JSON) -> None:
    schema = form.get("schema") if isinstance(form, Mapping) else None
    fields = schema.get("properties") if isinstance(schema, Mapping) else None
    if isinstance(fields, Mapping) and DEFAULT_WHEN.removeprefix(".") not in fields:
        problem = f"The form `{form['form']}` has no field `approved`, so nobody can say yes."
        report.key("approvals", pointer, problem, 'Say what a yes is: when: .decision == "approve".')


def check_ladder(report: Report, place: str, given: Mapping[str, JSON], due: JSON, *, known: bool = True) -> None:
    """Check the steps of `escalate`; unless it is `known`, the task may be due all the same."""
    for index, step in enumerate(given.get("escalate") or ()):
        _check_step(report, f"{place}/escalate/{index}", step, due, known=known)


def _check_step(report: Report, pointer: str, step: Mapping[str, JSON], due: JSON, *, known: bool) -> None:
    if ("after" in step) is ("at" in step):
        hint = "Write `after: PT4H`, or `at: 75` for percent of the time until it is due."
        report.value("escalation", pointer, "A step needs `after` or `at`, one of them.", hint)
    elif "at" in step and due is None and known:
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
