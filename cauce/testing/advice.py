"""What a person is told when a test does not answer something: which task, which call, and what to add to the file."""

import json
from collections.abc import Sequence
from typing import Any

from cauce.testing.session import Call

JSON = Any
_LONGEST = 600


def unanswered(call: Call, key: str) -> str:
    """Say that nobody answers a call, with the YAML to add."""
    what = (
        f"The task '{call.task}' calls {call.name}" if not call.undoes else f"{call.name} is called to undo something"
    )
    return (
        f"{what}, and the test has no answer.\n"
        f"Its arguments are {_short(call.arguments)}.\n"
        f"Add to the case, or to `defaults`:\n"
        f"    answers:\n"
        f"      {key}: {{output: …}}"
    )


def nobody(name: str, form: str, schema: JSON) -> str:
    """Say that nobody does a human task, with the YAML to add."""
    required = schema.get("required") if isinstance(schema, dict) else None
    fields = ", ".join(f"{each}: …" for each in required or ["…"])
    return (
        f"The process waits for the person of '{name}' (form {form}), and nothing else can happen.\n"
        f"Add to the case, or to `defaults`:\n"
        f"    answers:\n"
        f"      {name}: {{by: ana, answer: {{{fields}}}}}\n"
        f"or expect it: `expect: {{status: waiting, open: [{name}]}}`."
    )


def no_event(tasks: Sequence[str]) -> str:
    """Say that no event comes for which the process waits, with the YAML to add."""
    names = " and ".join(f"'{name}'" for name in tasks)
    return (
        f"The process waits for an event in {names}, and no event is to come.\n"
        f"Add to the case:\n"
        f"    events:\n"
        f"      - {{type: …, when: {tasks[0]}}}"
    )


def _short(value: JSON) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
