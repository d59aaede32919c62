"""The kinds of definition: which one a document is, its schema, and what of it does not fit that schema."""

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from cauce.errors import Finding, NotFoundError
from schemas.naming import guess
from schemas.sentences import problems
from schemas.source import Source
from schemas.validators import Validator, document_validator

JSON = Any
# Kind by the key that only documents of that kind have.
KINDS: Final[Mapping[str, str]] = {
    # A recording names its connection, too.
    "recording": "recording",
    "connection": "connection",
    "form": "form",
    "decision": "decision",
    "stages": "stages",
    # A roadmap names its calendar, too.
    "roadmap": "roadmap",
    # A clock names its calendar.
    "clock": "clock",
    "calendar": "calendar",
    "function": "function",
    "capability": "capability",
    "profile": "profile",
    "sync": "sync",
    "policy": "policy",
    "alert": "alert",
    "template": "template",
    "test": "test",
    "document": "process",
}
# Tests and recordings stay in their files.
PUBLISHED: Final = frozenset(KINDS.values()) - {"test", "recording"}
_OF_TASKS: Final = (
    "assignment",
    "assignmentRule",
    "due",
    "priority",
    "approvals",
    "alsoGroup",
    "escalation",
    "followUp",
    "expiry",
    "returnTo",
    "duration",
    "dynamic",
    "expression",
)
CODES: Final[Mapping[str, str]] = {
    "yaml": "The file is not YAML, or holds more than plain data.",
    "duplicate-key": "A key stands twice in one map.",
    "yaml-tag": "A YAML tag asks for something other than plain data.",
    "too-large": "The file passes the limits on size, depth or number of values.",
    "unknown-kind": "The document is of no kind that Cauce knows.",
    "task-keyword": "A task has no keyword, an unknown one, or several.",
    "missing-property": "Something that is needed is not there.",
    "unknown-property": "A property is not known at this place.",
    "wrong-type": "A value is of another type than it must be.",
    "wrong-value": "A value is of the right type but not one that is allowed.",
    "wrong-shape": "A value fits none, or several, of the allowed forms.",
    "schema-unusable": "A JSON Schema is not valid, refers outside of itself, or has a pattern that cannot be used.",
}


def kind_of(data: JSON) -> str | None:
    """Return the kind of a document by its top-level keys, or None."""
    if not isinstance(data, dict):
        return None
    return next((kind for key, kind in KINDS.items() if key in data), "process" if "do" in data else None)


@lru_cache(maxsize=16)
def _read(kind: str) -> str:
    if kind not in KINDS.values():
        raise NotFoundError(f"There is no kind `{kind}`{guess(kind, KINDS.values())}")
    return files("schemas").joinpath(f"{kind}.schema.json").read_text(encoding="utf-8")


def schema(kind: str) -> dict[str, JSON]:
    """Return the JSON Schema of a kind of definition, as editors take it."""
    loaded: dict[str, JSON] = json.loads(_read(kind))
    if kind == "function":
        # What a function consists of is a task like any in a process.
        loaded["$defs"] = json.loads(_read("process"))["$defs"]
    if kind == "policy":
        # Its rows say what tasks say.
        shared = json.loads(_read("process"))["$defs"]
        loaded["$defs"] |= {name: shared[name] for name in _OF_TASKS}
    return loaded


@lru_cache(maxsize=16)
def _validator(kind: str) -> Validator:
    return document_validator(schema(kind))


def validate(kind: str, source: Source) -> list[Finding]:
    """Return what of a document does not fit the schema of its kind, in words and in the order of the file."""
    findings = []
    found = list(problems(_validator(kind).iter_errors(source.data), ours=True))
    mistyped = {problem.pointer for problem in found if problem.code == "wrong-type"}
    for problem in found:
        if problem.code in {"wrong-value", "wrong-shape"} and problem.pointer in mistyped:
            continue
        value = problem.code in {"wrong-type", "wrong-value"}
        place = source.value_place(problem.pointer) if value else source.place(problem.pointer)
        findings.append(Finding(problem.code, problem.sentence, problem.hint, place, problem.pointer))
    return sorted(findings, key=lambda found: (found.place.line, found.place.column) if found.place else (0, 0))


def unknown_kind(source: Source) -> Finding:
    """Return the finding for a document of no kind."""
    keys = ", ".join(KINDS)
    first = next(iter(source.data), "") if isinstance(source.data, dict) else ""
    end = f"; found `{first}`{guess(first, KINDS)}" if first else "."
    place = source.place("/" + first) if first else source.value_place("")
    problem = f"A definition begins with one of {keys}{end}"
    return Finding(
        "unknown-kind", problem, "A process begins with `document`, the others with their kind and name.", place
    )
