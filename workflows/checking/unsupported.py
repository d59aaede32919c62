"""Refuses, by name, the parts of the language that Cauce does not run yet; nothing is ever ignored in silence."""

from collections.abc import Mapping
from typing import Any, Final

from schemas.source import step
from workflows.checking.report import Report

JSON = Any
_CALLS: Final = frozenset({"openapi", "asyncapi"})
_LATER: Final = "It comes later;"


def refuse(report: Report, pointer: str, what: str, instead: str) -> None:
    """Report a part that is not supported, and what can be done today."""
    report.key("unsupported", pointer, f"{what} is not supported yet.", f"{_LATER} {instead}")


def is_refused_task(report: Report, pointer: str, task: Mapping[str, JSON]) -> bool:
    """Report a task that cannot be run; tell whether it was."""
    if task.get("call") in _CALLS:
        refuse(
            report, f"{pointer}/call", f"`call: {task['call']}`", "use `call: http` or an operation of a connection."
        )
    elif isinstance(task.get("call"), str) and "://" in task["call"]:
        refuse(report, f"{pointer}/call", "A function at an address", "define it under `use.functions`.")
    else:
        return False
    return True


def check_document(report: Report, document: Mapping[str, JSON]) -> None:
    """Report what is refused outside of tasks."""
    evaluate = document.get("evaluate")
    if isinstance(evaluate, dict) and evaluate.get("language", "jq") != "jq":
        refuse(report, "/evaluate/language", f"The language `{evaluate['language']}`", "write expressions in jq.")
    use = document.get("use")
    if isinstance(use, dict) and use.get("catalogs"):
        refuse(report, "/use/catalogs", "`use.catalogs`", "define functions under `use.functions`.")
    _check_schedule(report, document.get("schedule"))
    for place in ("input", "output"):
        check_schema(report, f"/{place}", document.get(place))


def check_schema(report: Report, pointer: str, holder: JSON) -> None:
    """Report a schema of another language."""
    schema = holder.get("schema") if isinstance(holder, dict) else None
    if not isinstance(schema, dict):
        return
    if str(schema.get("format", "json")).partition(":")[0] != "json":
        refuse(report, f"{pointer}/schema/format", f"The schema format `{schema['format']}`", "use JSON Schema.")


def _check_schedule(report: Report, schedule: JSON) -> None:
    if not isinstance(schedule, dict):
        return
    events = schedule.get("on")
    if not isinstance(events, dict):
        return
    for name in ("all", "until"):
        if name in events:
            refuse(report, f"/schedule/on/{name}", f"`schedule.on.{name}`", "use `one` or `any`.")
    filters = [("one", events["one"])] if "one" in events else []
    filters += [(f"any/{index}", each) for index, each in enumerate(events.get("any") or ())]
    for place, each in filters:
        _check_filter(report, f"/schedule/on/{place}", each)


def _check_filter(report: Report, pointer: str, given: JSON) -> None:
    if not isinstance(given, dict):
        return
    if "correlate" in given:
        refuse(report, f"{pointer}/correlate", "`correlate` of a schedule", "filter by type and source.")
    for name, value in (given.get("with") or {}).items():
        if not isinstance(value, str) or "${" in value:
            refuse(
                report,
                f"{pointer}/with{step(name)}",
                "A filter that is not literal text",
                "write the text to compare with.",
            )
