"""Checks the form that people start a process with: it is there, and asks only for what can be asked without a case."""

from collections.abc import Mapping
from typing import Any, Final

from cauce.form_schemas import paths
from workflows.checking.calls import check_name
from workflows.checking.walk import Process

JSON = Any
START_FORM: Final = "/document/metadata/cauce/startForm"


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
    files = [
        path for path, schema in paths(form.get("schema")).items()
        if "attachment" in (schema.get("format"), (schema.get("items") or {}).get("format"))
    ]  # fmt: skip
    hint = "Ask for it in the first task: files belong to a case, and look-ups to a task."
    if files:
        process.report.value("start-form", START_FORM, f"The form `{name}` asks for files at `{files[0]}`.", hint)
    elif (form.get("ui") or {}).get("options"):
        process.report.value("start-form", START_FORM, f"The form `{name}` looks values up at a connection.", hint)
