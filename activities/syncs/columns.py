"""The shape of the rows of a source, and what it means when it changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from cauce.errors import ConflictError, InputError
from cauce.sync import Policy

JSON = Any
Columns = Mapping[str, str]
most_named: Final = 5
# Of a column that was always null nobody knows the type yet.
_UNKNOWN: Final = "null"
_TYPES: Final = ((bool, "boolean"), (int, "number"), (float, "number"), (str, "text"), (list, "list"))


@dataclass(frozen=True, slots=True)
class Shaped:
    """The rows as the mapping gets them (an error for one that does not fit), and the shape that is known now."""

    rows: Sequence[Mapping[str, JSON] | InputError]
    columns: Columns


def shaped(rows: Sequence[Mapping[str, JSON]], known: Columns | None, policy: Policy) -> Shaped:
    """Compare rows with the shape that is known.

    Raises:
        ConflictError: The shape has changed, and the policy is to stop then.
    """
    found = columns_of(rows)
    if known is None:
        return Shaped(rows, found)
    if policy == "evolve":
        return Shaped(rows, joined(known, found))
    changes = differences(known, found)
    if not changes:
        return Shaped(rows, joined(known, found))
    if policy == "reject":
        named = "; ".join(changes[:most_named]) + ("; …" if len(changes) > most_named else "")
        raise ConflictError(
            f"The rows of the source have another shape than before: {named}.",
            hint="Look at the mapping, then `cauce syncs run NAME --accept-columns`.",
        )
    settled = {name: kind if known.get(name, _UNKNOWN) == _UNKNOWN else known[name] for name, kind in found.items()}
    return Shaped([_frozen(row, known) for row in rows], {**known, **{n: settled[n] for n in known if n in settled}})


def columns_of(rows: Sequence[Mapping[str, JSON]]) -> dict[str, str]:
    """Return the columns of rows, each with the type of its values; `mixed` when they differ."""
    found: dict[str, str] = {}
    for name in dict.fromkeys(chain.from_iterable(rows)):
        kinds = {type_of(kind) for kind in {type(row[name]) for row in rows if name in row}} - {_UNKNOWN}
        found[name] = "mixed" if len(kinds) > 1 else kinds.pop() if kinds else _UNKNOWN
    return found


def joined(known: Columns, found: Columns) -> dict[str, str]:
    """Return a shape that has learned what others have."""
    told = {name: kind for name, kind in found.items() if kind != _UNKNOWN or name not in known}
    return {**known, **told}


def differences(known: Columns, found: Columns) -> list[str]:
    """Return in words what is new, gone or of another type; no row, no difference."""
    if not found:
        return []
    new = [f"`{name}` is new" for name in found if name not in known]
    gone = [f"`{name}` is gone" for name in known if name not in found]
    other = [
        f"`{name}` is {kind} instead of {known[name]}"
        for name, kind in found.items()
        if name in known and _UNKNOWN not in {kind, known[name]} and kind != known[name]
    ]
    return new + gone + other


def type_of(kind: type) -> str:
    """Return a type of values in a word."""
    if kind is type(None):
        return _UNKNOWN
    return next((name for known, name in _TYPES if issubclass(kind, known)), "object")


def _frozen(row: Mapping[str, JSON], known: Columns) -> Mapping[str, JSON] | InputError:
    """Return a row with the known columns only, or what does not fit in it."""
    wrong = []
    for name, kind in known.items():
        found = type_of(type(row.get(name)))
        if _UNKNOWN not in {kind, found} and kind not in {found, "mixed"}:
            wrong.append({"pointer": f"/{name}", "problem": f"This is {found} instead of {kind}."})
    if wrong:
        return InputError("The row does not have the shape that rows had before.", errors=wrong)
    return {name: row.get(name) for name in known}
