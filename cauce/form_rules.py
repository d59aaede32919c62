"""The rules of a form that JSON Schema has no words for: what is computed, and what is shown only sometimes.

A form's `ui` names fields by their path, `lines.sku`: the names from the top, joined by dots, without the numbers of
lines. Expressions there see the answer so far as `.`, the task's data as `$data`, and the map that the field is in (the
line of a list, a group, or the answer itself) as `$row`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from cauce.errors import CauceError
from cauce.expressions import Budget, compile_expression

JSON = Any
VARIABLES: Final = ("data", "row")
# For one expression; a form has few fields and many lines, and all of them are computed while a person waits.
BUDGET: Final = Budget(steps=20_000)
_MOST_EVALUATIONS: Final = 10_000
_CENT: Final = Decimal("0.01")
_MOST_MONEY: Final = 1e15


@dataclass(slots=True)
class Rules:
    """The rules of one form for one task; `settle` applies them to an answer."""

    compute: Mapping[str, str]
    show: Mapping[str, str]
    money: frozenset[str]
    data: JSON = None
    left: int = _MOST_EVALUATIONS

    def settle(self, answer: JSON) -> JSON:
        """Return the answer with every computed field as it must be, and without the fields that are not shown."""
        settled = json.loads(json.dumps(answer))
        if not isinstance(settled, dict):
            return settled
        # What one field gives another may use, whichever stands first.
        for _ in range(len(self.compute) + len(self.show) + 1):
            before = json.dumps(settled)
            for path, text in self.compute.items():
                for holder, name in holders(settled, path):
                    _put(holder, name, self._computed(path, text, settled, holder))
            for path, text in self.show.items():
                for holder, name in holders(settled, path):
                    if self.evaluate(text, settled, holder) in (None, False):
                        holder.pop(name, None)
            if json.dumps(settled) == before:
                break
        return settled

    def is_shown(self, path: str, answer: JSON, row: JSON) -> bool:
        """Tell whether a field is shown; a condition that cannot be evaluated does not hold."""
        text = self.show.get(path)
        return text is None or self.evaluate(text, answer, row) not in (None, False)

    def evaluate(self, text: str, answer: JSON, row: JSON, **more: JSON) -> JSON:
        """Return what an expression of the form gives, None when it gives nothing or fails for now."""
        self.left -= 1
        if self.left < 0:
            return None
        variables = {"data": self.data, "row": row, **more}
        try:
            return compile_expression(text, variables=tuple(variables)).first(answer, variables, BUDGET)
        except CauceError:
            # Half an answer is what it works on most of the time: what it needs is not there yet.
            return None

    def _computed(self, path: str, text: str, answer: JSON, row: JSON) -> JSON:
        value = self.evaluate(text, answer, row)
        if path in self.money and isinstance(value, int | float) and not isinstance(value, bool):
            return cents(value)
        return value


def rules_of(form: JSON, data: JSON) -> Rules:
    """Return the rules of a form document for a task with this data."""
    ui = (form.get("ui") if isinstance(form, Mapping) else None) or {}
    widgets = ui.get("widgets") or {}
    money = frozenset(path for path, widget in widgets.items() if widget == "money")
    return Rules(ui.get("compute") or {}, ui.get("show") or {}, money, data)


def holders(answer: JSON, path: str) -> Iterator[tuple[dict[str, JSON], str]]:
    """Yield every map that has, or may get, the field of a path, and the field's name in it."""
    *above, name = path.split(".")
    found = [answer]
    for step in above:
        below = [each[step] for each in found if isinstance(each, dict) and step in each]
        found = [row for each in below for row in (each if isinstance(each, list) else [each])]
    for each in found:
        if isinstance(each, dict):
            yield each, name


def path_of(pointer: str) -> str:
    """Return the path of the field that a JSON pointer into an answer leads to."""
    return ".".join(part for part in pointer.strip("/").split("/") if not part.isdecimal())


def cents(amount: float) -> float:
    """Return an amount of money to the cent, half a cent upwards."""
    if abs(amount) >= _MOST_MONEY:
        return amount
    exact = Decimal(str(amount)).quantize(_CENT, ROUND_HALF_UP)
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def _put(holder: dict[str, JSON], name: str, value: JSON) -> None:
    if value is None:
        holder.pop(name, None)
    else:
        holder[name] = value
