"""Asks a shipped decision table, as a process does."""

from pathlib import Path
from typing import Any, Final

from cauce.contract import Start
from schemas import load_file
from tests.unit.workflows.fake_runtime import World
from tests.unit.workflows.samples import bundle

DECISIONS: Final = Path(__file__).resolve().parents[3] / "definitions" / "decisions"
_TASK: Final = "[{look: {call: decision, with: {table: %s, data: '${ . }'}}}]"


def ask(table: str, data: dict[str, Any]) -> Any:
    """Return what a table says of `data`."""
    document = load_file(DECISIONS / f"{table}.yaml").data
    return World({}, {}).run({**bundle(_TASK % table), "decisions": {table: document}}, Start(data))
