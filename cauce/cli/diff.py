"""`cauce diff`: says what is different between two versions of a definition, task by task."""

import json
from collections.abc import Mapping
from typing import Annotated, Final

import typer

from cauce.cli import output, published
from cauce.contract import JSON
from cauce.errors import InputError
from schemas import kind_of
from workflows.comparison import Change, compare
from workflows.comparison.change import ABSENT

_SIGNS: Final[Mapping[str, str]] = {"added": "+", "removed": "-", "moved": ">", "renamed": "=", "changed": "~"}
_LONGEST: Final = 120


def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="A file, or a published process: NAME or NAME@VERSION.")],
    after: Annotated[str, typer.Argument(metavar="B", help="What to compare it with.")],
    *,
    data_dir: published.DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Say what is different between two definitions: tasks added, removed, moved, renamed and changed.

    Layout, the order of keys and the spaces in expressions do not count. The exit code is 0 when nothing is different,
    1 when something is, 2 when one of the two is not there or cannot be read.
    """
    old, new = (published.definition(each, data_dir) for each in (before, after))
    kinds = [kind_of(each.document) for each in (old, new)]
    if None in kinds or kinds[0] != kinds[1]:
        names = " and ".join(f"a {kind or 'document of no kind'}" for kind in kinds)
        raise InputError(f"These cannot be compared: {names}.", hint="Compare two definitions of one kind.")
    # What one of them is bound to may not be at hand; that alone is no difference.
    bound = (old.bound, new.bound) if old.bound and new.bound else ({}, {})
    changes = compare(old.document, new.document, bound)
    if as_json:
        output.document({"same": not changes, "changes": [_data(each) for each in changes]})
    else:
        for each in changes:
            output.line(_written(each))
        output.say(f"{len(changes)} differences." if changes else "Nothing is different.")
    raise typer.Exit(1 if changes else 0)


def _data(change: Change) -> dict[str, JSON]:
    found: dict[str, JSON] = {"change": change.kind, "path": change.path}
    if change.property:
        found["property"] = change.property
    if change.before is not ABSENT:
        found["from"] = change.before
    if change.after is not ABSENT:
        found["to"] = change.after
    return found


def _written(change: Change) -> str:
    what = ": ".join(part for part in (change.path, change.property) if part) or "the document"
    head = f"{_SIGNS[change.kind]} {what}"
    match change.kind:
        case "moved" if not change.property:
            return f"{head} (from {change.before})"
        case "renamed":
            return f"{head} (was {change.before})"
        case "changed" | "moved":
            return f"{head}: {_short(change.before)} → {_short(change.after)}"
        case _:
            given = change.after if change.before is ABSENT else change.before
            return f"{head}: {_short(given)}" if change.property else head


def _short(value: JSON) -> str:
    text = "nothing" if value is ABSENT else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
