"""The process that does an activity, in two texts: its name, and what it is told, as JSON."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

JSON = Any
# What a custom field of Microsoft Project holds.
field_length: Final = 255
_TOO_LONG: Final = "(too long for a field)"
_MOST_PARTS: Final = 500
_PROCESS: Final = re.compile(r"[a-z0-9](?:-?[a-z0-9])*\.[a-z0-9](?:-?[a-z0-9])*")


def written(run: Mapping[str, JSON] | None, wave: str, *, longest: int | None = None) -> tuple[str, str]:
    """Return the process and its input, empty without one; the wave, which files do not have, is told with it."""
    if run is None:
        return "", ""
    told = {**({"wave": wave} if wave else {}), **(run.get("input") or {})}
    text = json.dumps(told, ensure_ascii=False) if told else ""
    return run["process"], text if longest is None or len(text) <= longest else _TOO_LONG


def read(process: str, text: str, name: str, remarks: list[str]) -> Mapping[str, JSON] | None:
    """Return what was written of the task of this name; what cannot be taken over is remarked."""
    if not process:
        return None
    if _PROCESS.fullmatch(process) is None:
        remarks.append(f"`{name}` is done by `{process[:80]}` there, which is no process; it is done by hand here.")
        return None
    told = _told(text) if text else {}
    if told is None:
        remarks.append(f"What {process} is told for `{name}` cannot be read here: add its `input`.")
    return {"process": process, "input": told} if told else {"process": process}


def _told(text: str) -> Mapping[str, JSON] | None:
    # Nested deeper than anybody writes, it would not be a mistake.
    if text.count("{") + text.count("[") > _MOST_PARTS:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
