"""Words for codes that stand in data: a customer's tier, the roles in a line of the audit trail."""

from collections.abc import Mapping
from typing import Any, Final

from api.i18n import Language
from api.pages import states
from api.pages.problems import message
from api.pages.words import severity_words

JSON = Any
role_words: Final = {
    "designer": message("designer"),
    "integrator": message("integrator"),
    "manager": message("manager"),
    "staff": message("staff"),
    "operator": message("operator"),
    "auditor": message("auditor"),
    "admin": message("administrator"),
    "scim": message("people and groups, over SCIM"),
}
kind_words: Final = {
    "process": message("process"),
    "connection": message("connection"),
    "form": message("form"),
    "decision": message("decision"),
    "stages": message("stages"),
    "calendar": message("calendar"),
    "policy": message("policy"),
    "clock": message("clock"),
    "template": message("template"),
    "function": message("function"),
    "capability": message("capability"),
    "profile": message("profile"),
    "sync": message("sync"),
    "alert": message("alert"),
    "roadmap": message("roadmap"),
}
_BY_NAME: Final[Mapping[str, Mapping[str, str]]] = {
    "channel": {
        "delivery": message("delivery"),
        "email": message("e-mail"),
        "in-person": message("in person"),
        "letter": message("letter"),
        "phone": message("phone"),
        "web": message("web form"),
    },
    "kind": kind_words,
    "locale": {"en": message("English"), "es": message("Spanish")},
    "role": role_words,
    "roles": role_words,
    "severity": severity_words,
    "state": states.words,
    "status": states.words,
    "tier": {"gold": message("gold"), "silver": message("silver"), "standard": message("standard")},
}


def coded(name: str, value: JSON, lang: Language) -> JSON:
    """Return the words for a code that data has under a name; what is no such code stays as it is."""
    words = _BY_NAME.get(name, {})
    if isinstance(value, list):
        return [coded(name, each, lang) for each in value] if words else value
    return lang.gettext(words[value]) if isinstance(value, str) and value in words else value
