"""What an activity tells the process that does it: plain values, and expressions that are evaluated when it starts."""

from collections.abc import Mapping
from typing import Any, Final

from cauce.expressions import Template, compile_template
from workflows.roadmap.reading import written

JSON = Any
VARIABLES: Final = frozenset({"roadmap", "activity", "register"})


def compiled(given: JSON) -> Template:
    """Compile what a process is told; raises `ExpressionError`."""
    return compile_template(given, variables=VARIABLES)


def asks_register(template: Template) -> bool:
    """Tell whether the register has to be read for it."""
    return any("register" in each.reads.variables for each in template.expressions)


def activity_of(document: Mapping[str, JSON], name: str) -> dict[str, JSON]:
    """Return what a definition says of an activity, with what it says of its phase; empty if it does not know it."""
    for phase in document["phases"]:
        for each in phase["activities"]:
            if each["id"] == written(name):
                about = {"phase": phase["id"], "gate": phase["gate"]["id"], "connectsTo": phase.get("connectsTo") or []}
                return {key: value for key, value in each.items() if key != "run"} | about
    return {}
