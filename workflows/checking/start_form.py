"""Checks the form that people start a process with: it is there, and asks only for what can be asked without a case."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from workflows.checking.calls import check_name
from workflows.checking.walk import Process

JSON = Any
START_FORM: Final = "/document/metadata/cauce/startForm"
_DATA: Final = re.compile(r"\$data\b")


def start_form_of(document: Mapping[str, JSON]) -> str | None:
    """Return the name of the form that a process is started with, if it has one."""
    found: JSON = document
    for key in START_FORM.split("/")[1:]:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else None


def check_start_form(process: Process) -> None:
    """Check the form that a process is started with."""
    name = start_form_of(process.document)
    form = check_name(process, START_FORM, name, "form") if name else None
    if not isinstance(form, Mapping):
        return
    if _DATA.search(json.dumps(form.get("ui") or {})):
        problem = f"The form `{name}` reads `$data`, the data of its task."
        process.report.value("start-form", START_FORM, problem, "There is none before a process has started.")
