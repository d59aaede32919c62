"""Refuses, by name, the parts of the language that Cauce does not run yet; nothing is ever ignored in silence."""

from collections.abc import Mapping
from typing import Any, Final

from workflows.checking.report import Report

JSON = Any
_LATER: Final = "It comes later;"


def refuse(report: Report, pointer: str, what: str, instead: str) -> None:
    """Report a part that is not supported, and what can be done today."""
    report.key("unsupported", pointer, f"{what} is not supported yet.", f"{_LATER} {instead}")


def check_document(report: Report, document: Mapping[str, JSON]) -> None:
    """Report what is refused outside of tasks."""
    evaluate = document.get("evaluate")
    if isinstance(evaluate, dict) and evaluate.get("language", "jq") != "jq":
        refuse(report, "/evaluate/language", f"The language `{evaluate['language']}`", "write expressions in jq.")
    for place in ("input", "output"):
        check_schema(report, f"/{place}", document.get(place))


def check_schema(report: Report, pointer: str, holder: JSON) -> None:
    """Report a schema of another language."""
    schema = holder.get("schema") if isinstance(holder, dict) else None
    if not isinstance(schema, dict):
        return
    if str(schema.get("format", "json")).partition(":")[0] != "json":
        refuse(report, f"{pointer}/schema/format", f"The schema format `{schema['format']}`", "use JSON Schema.")
