"""Checks policies: the forms they are about, and what their rows say of the tasks with those forms."""

from collections.abc import Mapping
from typing import Any, Final

from schemas import guess, listing
from schemas.source import step
from workflows.checking.assignment import check_due, check_rules, without_where
from workflows.checking.known import World
from workflows.checking.people import check_approvals, check_ladder
from workflows.checking.report import Report
from workflows.checking.texts import Scope, check_value
from workflows.checking.walk import all_tasks

JSON = Any
_ROW: Final = Scope("a policy, whose expressions see the data of the task", frozenset())


def check_policy(report: Report, document: Mapping[str, JSON], world: World) -> None:
    """Check a policy: the forms it is about, each row, and the duties it keeps apart."""
    users = [(each, _asked(each, document["policy"])) for each in world.documents.values() if isinstance(each, dict)]
    for form, row in document["forms"].items():
        place = f"/forms{step(form)}"
        if form not in world.forms:
            report.key("unknown-form", place, *_no_form(form, world))
        _check_names(report, place, row, [each for each, asked in users if form in asked])
        _check_row(report, place, row, world)
    _check_apart(report, document, world)
    if "otherwise" in document:
        row = document["otherwise"]
        _check_names(report, "/otherwise", row, [each for each, asked in users if asked - set(document["forms"])])
        _check_row(report, "/otherwise", row, world)


def _check_apart(report: Report, document: Mapping[str, JSON], world: World) -> None:
    """Check that the forms which one person must not answer alone are there."""
    for index, duty in enumerate(document.get("apart") or ()):
        for number, form in enumerate(duty["forms"]):
            if form not in world.forms:
                report.value("unknown-form", f"/apart/{index}/forms/{number}", *_no_form(form, world))


def _no_form(form: str, world: World) -> tuple[str, str]:
    hint = listing(world.forms) or "Write it, or check it together with this file."
    return f"There is no form `{form}`{guess(form, world.forms)}", hint


def _check_row(report: Report, place: str, row: Mapping[str, JSON], world: World) -> None:
    if "assign" in row:
        check_rules(report, f"{place}/assign", row["assign"], None)
    check_approvals(report, place, row)
    check_value(report, place, without_where(row), _ROW)
    for key in ("due", "followUp", "expires"):
        check_due(report, f"{place}/{key}", row.get(key), world)
    # A task may be due where its row does not say so.
    check_ladder(report, place, row, row.get("due"), known=False)


def _check_names(report: Report, place: str, row: Mapping[str, JSON], processes: list[Mapping[str, JSON]]) -> None:
    """Check that tasks which a row names are in one of the processes it is used by, if any is known."""
    known = sorted({name for document in processes for _, name, _ in all_tasks(document)})
    for key in ("fourEyes", "returnTo"):
        for index, name in enumerate(row.get(key) or ()):
            if known and name not in known:
                problem = f"No process that uses this row has a task `{name}`{guess(name, known)}"
                report.value("unknown-task", f"{place}/{key}/{index}", problem, listing(known))


def _asked(document: Mapping[str, JSON], policy: str) -> set[str]:
    """Return the forms of the tasks that name the policy."""
    given = [task.get("with") for _, _, task in all_tasks(document) if isinstance(task, dict)]
    named = [each for each in given if isinstance(each, dict) and each.get("policy") == policy]
    return {each["form"] for each in named if isinstance(each.get("form"), str)}
