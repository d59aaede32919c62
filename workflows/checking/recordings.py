"""Checks recordings: that nothing is in them which nobody may keep, and that what says how to mask can be used."""

from collections.abc import Mapping
from typing import Any

from cauce.errors import DefinitionError
from cauce.recording.masks import removed
from cauce.recording.rules import Rules, is_credential, pattern
from cauce.recording.walking import Path, Walker
from schemas import guess, listing
from workflows.checking.known import World
from workflows.checking.report import Report

JSON = Any


def check_recording(report: Report, document: Mapping[str, JSON], world: World) -> None:
    """Check a recording: people edit these files, and what they put in was masked by nobody."""
    del world
    for index, exchange in enumerate(document["exchanges"]):
        credentials, personal = _left(exchange)
        place = f"/exchanges/{index}"
        if credentials:
            problem = f"`{credentials[0]}` holds something that nobody may keep."
            report.key("credential", place, problem, f"Write '{removed}' instead, and change what was shown.")
        if personal:
            problem = f"Values that look like personal data are not in `masked` ({personal})."
            report.key("unmasked", place, problem, "Replace them, and list what you wrote in `masked`.")


def check_record(report: Report, document: Mapping[str, JSON]) -> None:
    """Check what a connection's file says about being recorded."""
    record = document.get("record") or {}
    operations = document.get("operations") or {}
    for index, name in enumerate(record.get("operations") or ()):
        if name not in operations:
            problem = f"There is no operation `{name}` in this connection{guess(name, operations)}"
            report.value("unknown-operation", f"/record/operations/{index}", problem, listing(operations))
    for index, rule in enumerate(record.get("mask") or ()):
        if "text" in rule:
            try:
                pattern(rule["text"])
            except DefinitionError as error:
                report.value("bad-pattern", f"/record/mask/{index}/text", error.problem, error.hint)


def _left(exchange: Mapping[str, JSON]) -> tuple[list[str], int]:
    """Return the names of credentials in an exchange, and how many parts of texts look like personal data."""
    masked, rules = frozenset(exchange.get("masked") or ()), Rules()
    credentials: list[str] = []
    personal: set[str] = set()

    def leaf(value: JSON, path: Path) -> JSON:
        text = str(value)
        if text != removed:
            credentials.extend(name for name in path if is_credential(name))
        if text not in masked and isinstance(value, str):
            look(text)
        return value

    def look(text: str) -> str:
        found = (text[start:end] for start, end in rules.spans(text)) if text not in masked else ()
        personal.update(each for each in found if each not in masked)
        return text

    Walker(leaf, look, look).exchange({name: value for name, value in exchange.items() if name != "masked"})
    return credentials, len(personal)
