"""Rules by which a human task finds somebody: how they are written, and what an instance asks for by them.

`where` is an expression over each candidate. The candidates are in the store, so it travels as text and is evaluated
where somebody is chosen; all other expressions are evaluated by the instance.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from cauce.contract import JSON
from workflows.fault import fault

_LISTS: Final = frozenset({"skills", "territory", "language"})
_KEYS: Final = ("group", "user", "strategy", "owner", "of", "role", *sorted(_LISTS))


def split(assign: JSON) -> tuple[JSON, tuple[str | None, ...]]:
    """Return what an instance evaluates of `assign`, and the `where` of each rule."""
    rules = assign if isinstance(assign, list) else [assign]
    plain = [
        {key: value for key, value in rule.items() if key != "where"} for rule in rules if isinstance(rule, Mapping)
    ]
    wheres = tuple(rule.get("where") for rule in rules if isinstance(rule, Mapping))
    return plain if isinstance(assign, list) else plain[0] if plain else assign, wheres


def asked(
    assign: JSON, wheres: Sequence[str | None], performers: Mapping[str, str], name: str, reference: str
) -> list[dict[str, JSON]]:
    """Return the rules of a task as they are asked for: evaluated, and with who did what is spoken of.

    Raises:
        Fault: A rule names neither a group nor a person, or something that is no name.
    """
    rules = assign if isinstance(assign, list) else [assign]
    found = []
    for rule, where in zip(rules, [*wheres, *[None] * len(rules)], strict=False):
        given = {key: rule[key] for key in _KEYS if key in rule} if isinstance(rule, Mapping) else {}
        if not (given.get("group") or given.get("user")):
            raise fault("configuration", "A human task needs `assign.group` or `assign.user`.", instance=reference)
        for key, value in given.items():
            _check(key, value, reference)
        of = given.pop("of", None)
        if given.get("strategy") == "previous":
            given["previous"] = performers.get(of or LAST)
        if given.get("strategy") == "sticky":
            given["sticky"] = performers.get(name)
        found.append({**given, **({"where": where} if where else {})})
    return found


# Under which name the journal keeps who completed the last human task; no task has an empty name.
LAST: Final = ""


def _check(key: str, value: JSON, reference: str) -> None:
    several = key in _LISTS and isinstance(value, list)
    if value is not None and not all(isinstance(each, str) for each in (value if several else [value])):
        raise fault("configuration", f"`assign.{key}` must be a name.", instance=reference)
