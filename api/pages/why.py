"""Why a task went to whom it went: the reason that was kept with it, in the words and the language of a person."""

from collections.abc import Mapping
from typing import Any, Final

from api.i18n import Language
from api.pages.problems import message

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
    "unfit": message("%(person)s is not what it asks for"),
    "away": message("%(person)s is away and nobody stands in"),
    "barred": message("whoever it finds may not do it (four eyes)"),
    "nobody-fits": message("nobody is what it asks for"),
    "all-away": message("everybody who fits is away"),
    "expression": message("its condition could not be evaluated: %(detail)s"),
}


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
