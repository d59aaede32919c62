"""Why somebody has a task: whom it went to, and what has moved it since, in the words and the language of a person."""

from collections.abc import Mapping
from typing import Any, Final

from api.i18n import Language
from api.pages.problems import message
from cauce.services.teamwork.why import Move, Why

JSON = Any
_CHOSEN: Final[Mapping[str, str]] = {
    "owner": message("%(user)s, who owns the case"),
    "least-loaded": message("%(user)s, who had the least to do (%(load)s open) of %(there)s who fit and were there"),
    "round-robin": message("%(user)s, whose turn it was among %(there)s"),
    "previous": message("%(user)s, who did the step before"),
    "sticky": message("%(user)s, who did this step before"),
    "user": message("%(user)s, whom the process names"),
    "nobody": message("nobody in particular: no rule found anybody, so it is for the whole group"),
    "offered": message("everybody in the group"),
}
_INSTEAD: Final = message("%(user)s, who stands in for %(instead)s (away until %(until)s)")
_NOT_FOUND: Final[Mapping[str, str]] = {
    "unnamed": message("what it asks for is not known in this case"),
    "unknown": message("%(person)s has no account that does tasks"),
    "closed": message("%(person)s may not do such tasks (permissions)"),
    "unfit": message("%(person)s is not what it asks for"),
    "away": message("%(person)s is away and nobody stands in"),
    "barred": message("whoever it finds may not do it (four eyes)"),
    "nobody-fits": message("nobody is what it asks for"),
    "all-away": message("everybody who fits is away"),
    "expression": message("its condition could not be evaluated: %(detail)s"),
}
_MOVED: Final[Mapping[str, str]] = {
    "claim": message("%(by)s claimed it"),
    "release": message("%(by)s gave it back"),
    "return": message("%(by)s gave it back"),
    "delegate": message("%(by)s delegated it to %(to)s"),
    "assign": message("%(by)s gave it to %(to)s"),
}
_LAY: Final = message("It was left lying, and became more urgent")
_LAY_MOVED: Final = message("It was left lying, and went to %(to)s")
_LAY_TOLD: Final = message("It was left lying, and %(told)s was told")
_PARTS: Final[Mapping[str, str]] = {
    "delegated": message("You delegated it, and it stays in your sight."),
    "answered": message("You have answered it."),
    "told": message("You were told that it was left lying."),
    "oversees": message("You oversee the work of others."),
    "granted": message("A permission lets you see it."),
}


def reasons(why: Why, process: str, lang: Language) -> list[tuple[str, str]]:
    """Say why somebody has a task, or sees it, in the words of the process."""
    task = why.task
    away = lang.gettext("%(name)s, who is away until %(day)s") if why.away_until else "%(name)s"
    given = [
        (lang.gettext("The process"), f"{process} {task.version}"),
        (lang.gettext("asks for it at its step"), task.name),
        (lang.gettext("for the case"), task.business_key),
        *chosen(task.assignment, lang),
        *(_moved(each, lang) for each in why.moves),
        (lang.gettext("It is for the group"), lang.called("group", task.group or "")),
        (lang.gettext("It is for"), task.user or ""),
        (lang.gettext("It is not for (four eyes)"), ", ".join(task.different_from)),
        (lang.gettext("You stand in for"), why.stands_in_for and away % _absence(why, lang)),
        (lang.gettext("You see it because"), lang.gettext(_PARTS[why.part]) if why.part else ""),
        (lang.gettext("It came"), lang.moment(task.created_at)),
        (lang.gettext("It is due"), lang.moment(task.due_at)),
    ]
    return [(label, value) for label, value in given if value]


def _absence(why: Why, lang: Language) -> dict[str, str]:
    return {"name": why.stands_in_for, "day": lang.date(why.away_until)}


def _moved(move: Move, lang: Language) -> tuple[str, str]:
    """Say who moved a task where, when and why."""
    template = _MOVED.get(move.act) or (_LAY_MOVED if move.user or move.group else _LAY_TOLD if move.told else _LAY)
    words = {"by": move.by, "to": move.user or lang.called("group", move.group or ""), "told": move.told}
    when = lang.moment(move.at)
    return lang.gettext(template) % words, f"{when}: {move.reason}" if move.reason else when


def chosen(assignment: JSON, lang: Language) -> list[tuple[str, str]]:
    """Return whom a task was given to and why, and what was tried before."""
    if not isinstance(assignment, dict):
        return []
    template = _INSTEAD if "instead" in assignment else _CHOSEN.get(assignment.get("how", ""), "")
    found = [(lang.gettext("It was given to"), filled(template, assignment, lang))]
    if assignment.get("policy"):
        found.append((lang.gettext("by the policy"), str(assignment["policy"])))
    for each in assignment.get("tried") or ():
        label = lang.gettext("Rule %(number)s found nobody") % {"number": each.get("rule", "")}
        found.append((label, filled(_NOT_FOUND.get(each.get("problem", ""), ""), each, lang)))
    return found


def filled(template: str, values: Mapping[str, JSON], lang: Language) -> str:
    """Return a translated sentence with what was kept in it; what is not there is left empty."""
    names = ("user", "load", "there", "instead", "until", "person", "detail")
    return lang.gettext(template) % {name: values.get(name, "") for name in names} if template else ""
