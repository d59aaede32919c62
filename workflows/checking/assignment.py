"""Checks who human tasks are given to, and by when."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from schemas import guess, listing
from workflows.checking.calendars import check_calendar_name, check_working_length
from workflows.checking.known import World
from workflows.checking.report import Report
from workflows.checking.texts import Scope, check_bare
from workflows.checking.walk import Process

JSON = Any
_WHERE: Final = Scope("`where`, which sees one person", frozenset({"data"}))
_ASKING: Final = frozenset({"strategy", "owner", "role", "skills", "territory", "language", "where"})


def check_assignment(process: Process, pointer: str, given: Mapping[str, JSON]) -> None:
    """Check the rules of a human task, and the policy that may go before them; `pointer` is that of its `with`."""
    report, policies = process.report, process.world.policies
    if "assign" in given:
        check_rules(report, f"{pointer}/assign", given["assign"], process.human_tasks)
    name = given.get("policy")
    if name is None:
        if "assign" not in given:
            hint = "Add `assign: {group: …}`, or a `policy` that says it."
            report.key("missing-property", pointer, "Nobody is given this task.", hint)
    elif name not in policies:
        problem = f"There is no policy `{name}`{guess(name, policies)}"
        hint = listing(policies) or "Write it, or check it together with this file."
        report.value("unknown-policy", f"{pointer}/policy", problem, hint)
    elif "assign" not in given and "assign" not in row_of(policies[name], given["form"], {"assign": None}):
        problem = f"Nobody is given this task: the policy `{name}` does not say who does `{given['form']}`."
        report.value("assignment", f"{pointer}/policy", problem, "Add `assign` here, or to the policy's row.")


def row_of(document: JSON, form: str, unknown: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """Return the row of a policy for a form; `unknown` for a policy that cannot be looked into."""
    forms = document.get("forms") if isinstance(document, dict) else None
    if not isinstance(forms, dict):
        return unknown
    row = forms.get(form, document.get("otherwise"))
    return row if isinstance(row, dict) else {}


def check_rules(report: Report, pointer: str, assign: JSON, tasks: Collection[str] | None) -> None:
    """Check rules of assignment; `tasks` are the human tasks of the process, None where it is not known."""
    rules = assign if isinstance(assign, list) else [assign]
    for index, rule in enumerate(rules):
        place = f"{pointer}/{index}" if isinstance(assign, list) else pointer
        check_bare(report, f"{place}/where", rule.get("where"), _WHERE)
        strategy = rule.get("strategy")
        if strategy == "owner" and "owner" not in rule:
            hint = "Add `owner: '${ … }'`, which gives the name of an account."
            report.value("assignment", f"{place}/strategy", "The owner is not named.", hint)
        if "owner" in rule and strategy not in ("owner", None):
            problem = f"The strategy is `{strategy}`, so the owner is not asked for."
            report.key("assignment", f"{place}/owner", problem, "Make it a rule of its own, before this one.")
        if "of" in rule:
            _check_of(report, place, rule, tasks)
        offers = not _ASKING & set(rule) and "user" not in rule
        if offers and index < len(rules) - 1:
            problem = "The rules behind this one are never tried: it offers the task to all of its group."
            report.key("assignment", place, problem, "Move it to the end, or add a strategy.")


def _check_of(report: Report, place: str, rule: Mapping[str, JSON], tasks: Collection[str] | None) -> None:
    if rule.get("strategy") != "previous":
        report.key("assignment", f"{place}/of", "`of` belongs to the strategy `previous`.", "Add the strategy.")
    elif tasks is not None and rule["of"] not in tasks:
        problem = f"There is no human task `{rule['of']}` in this process{guess(rule['of'], tasks)}"
        report.value("unknown-task", f"{place}/of", problem, listing(tasks))


def without_where(given: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return arguments of a human task without what sees a person and not the task; their places stay."""
    assign = given.get("assign")
    if assign is None:
        return dict(given)
    rules = [_plain(each) for each in assign] if isinstance(assign, list) else _plain(assign)
    return {**given, "assign": rules}


def _plain(rule: JSON) -> JSON:
    return {key: value for key, value in rule.items() if key != "where"} if isinstance(rule, dict) else rule


def check_due(report: Report, pointer: str, due: Mapping[str, JSON] | None, world: World) -> None:
    """Check the calendar that something is due by, and that its length means something in working time."""
    if not due or "calendar" not in due:
        return
    check_calendar_name(report, f"{pointer}/calendar", due["calendar"], world)
    check_working_length(report, f"{pointer}/after", due["after"])
