"""Checks what a call declares for the case that it cannot be made: the human task that takes its place."""

from collections.abc import Mapping
from typing import Any

from schemas import guess, listing
from schemas.durations import seconds
from workflows.checking.fitting import Misfit, misfits
from workflows.checking.texts import IN_TASK, check_value
from workflows.checking.walk import Around, Process

JSON = Any


def fallback_of(task: Mapping[str, JSON]) -> Mapping[str, JSON] | None:
    """Return the fallback that a task declares."""
    metadata = task.get("metadata")
    ours = metadata.get("cauce") if isinstance(metadata, Mapping) else None
    found = ours.get("fallback") if isinstance(ours, Mapping) else None
    return found if isinstance(found, Mapping) and isinstance(found.get("form"), str) else None


def check_fallback(process: Process, pointer: str, task: Mapping[str, JSON], around: Around) -> None:
    """Check the human task that takes the place of a call which cannot be made."""
    fallback = fallback_of(task)
    if fallback is None:
        return
    place, report = f"{pointer}/metadata/cauce/fallback", process.report
    call = task.get("call")
    if not isinstance(call, str) or "@" not in call or ":" in call:
        hint = "Declare it at a call of operation@connection."
        report.key("fallback", place, "Only a call of an operation can be done by hand.", hint)
        return
    if not fallback.get("group") and not fallback.get("user"):
        report.key("fallback", place, "Nobody is asked.", "Give a `group` or a `user`.")
    for key in ("after", "due"):
        given = fallback.get(key)
        if isinstance(given, str) and "${" not in given and seconds(given) is None:
            report.value("fallback", f"{place}/{key}", f"`{given}` is not a duration.", "Write it as PT10M or P1D.")
    if "due" not in fallback and "timeout" not in task and not around.timed:
        hint = "Add `due: P1D` to it, or a `timeout` to the task."
        report.key("no-time-limit", place, "Nobody is told when this task is left lying.", hint)
    scope = process.scope("a fallback", IN_TASK, around)
    check_value(report, place, {key: value for key, value in fallback.items() if key != "form"}, scope)
    _check_form(process, f"{place}/form", fallback["form"], call)


def _check_form(process: Process, pointer: str, name: str, call: str) -> None:
    """Check that the form exists, and that what it gives is what the operation gives."""
    forms = process.world.forms
    if name not in forms:
        problem = f"There is no form `{name}`{guess(name, forms)}"
        hint = listing(forms) or "Write it, or check it together with this file."
        process.report.value("unknown-form", pointer, problem, hint)
        return
    contract, form = process.world.operations.get(call), forms[name]
    if contract is None or not isinstance(form, Mapping):
        return
    for misfit in misfits(form.get("schema"), contract.output):
        hint = "Its answer becomes the output of the call; the connection says what that is."
        process.report.value("fallback", pointer, f"The form `{name}` {_sentence(misfit, call)}", hint)


def _sentence(misfit: Misfit, call: str) -> str:
    field = f"`{misfit.path}`" if misfit.path else "its answer"
    return {
        "required": f"need not give {field}, which `{call}` always gives.",
        "unknown": f"gives {field}, which `{call}` never gives.",
        "type": f"may give {field} as {misfit.detail}, which `{call}` never does.",
        "value": f"may give {misfit.detail} in {field}, which `{call}` never does.",
        "limit": f"has other limits for {field}: {misfit.detail}.",
    }[misfit.kind]
