"""The rules of a form that JSON Schema has no words for: what is computed, and what is shown only sometimes.

A form's `ui` names fields by their path, `lines.sku`: the names from the top, joined by dots, without the numbers of
lines. Expressions there see the answer so far as `.`, the task's data as `$data`, and the map that the field is in (the
line of a list, a group, or the answer itself) as `$row`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from cauce.errors import BudgetError, CauceError
from cauce.expressions import Budget, compile_expression

JSON = Any
VARIABLES: Final = ("data", "row")
# For one expression; a form has few fields and many lines, and all of them are computed while a person waits.
BUDGET: Final = Budget(steps=20_000)
# For all of a form: hundreds of lines with what is computed in each, within a second.
_MOST_STEPS: Final = 1_000_000
_EACH: Final = 10
_MOST_MONEY: Final = 1e15
_CURRENCY: Final = re.compile(r"[A-Z]{3}\Z")
EUR: Final = "EUR"
# ISO 4217, those whose smallest coin is not a hundredth; Babel has fewer decimals, those of everyday use.
_WHOLE: Final = frozenset((
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF",
    "XPF",
))  # fmt: skip
_THOUSANDTHS: Final = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
NEVER_RESTS: Final = "The computed fields of this form never come to rest: they follow from each other."
TOO_MUCH: Final = "There is more to compute in this form than it may; enter fewer lines."


@dataclass(slots=True)
class Rules:
    """The rules of one form for one task; `settle` applies them to an answer.

    `problem` says afterwards why not everything could be computed, where that is no matter of an answer that is not
    finished: an answer is not taken then, because it would lack something that nobody sees.
    """

    compute: Mapping[str, str]
    show: Mapping[str, str]
    money: frozenset[str]
    data: JSON = None
    currency: str = EUR
    left: int = _MOST_STEPS
    problem: str = ""

    def settle(self, answer: JSON) -> JSON:
        """Return the answer with every computed field as it must be, and without the fields that are not shown."""
        settled = json.loads(json.dumps(answer))
        if not isinstance(settled, dict):
            return settled
        for path in self.compute:
            # What was sent is not even a beginning: an expression may read its own field.
            for holder, name in holders(settled, path):
                holder.pop(name, None)
        # What one field gives another may use, whichever stands first.
        for _ in range(len(self.compute) + len(self.show) + 1):
            before = json.dumps(settled)
            self._go_through(settled)
            if json.dumps(settled) == before:
                return settled
        self.problem = self.problem or NEVER_RESTS
        return settled

    def _go_through(self, settled: dict[str, JSON]) -> None:
        for path, text in self.compute.items():
            for holder, name in holders(settled, path):
                _put(holder, name, self._computed(path, text, settled, holder))
        for path, text in self.show.items():
            for holder, name in holders(settled, path):
                if self.evaluate(text, settled, holder) in (None, False):
                    holder.pop(name, None)

    def is_shown(self, path: str, answer: JSON, row: JSON) -> bool:
        """Tell whether a field is shown; a condition that cannot be evaluated does not hold."""
        text = self.show.get(path)
        return text is None or self.evaluate(text, answer, row) not in (None, False)

    def evaluate(self, text: str, answer: JSON, row: JSON, **more: JSON) -> JSON:
        """Return what an expression of the form gives, None when it gives nothing or fails for now."""
        if self.left <= 0:
            self.problem = TOO_MUCH
            return None
        variables = {"data": self.data, "row": row, **more}
        try:
            value, steps = compile_expression(text, variables=tuple(variables)).counted(answer, variables, BUDGET)
        except BudgetError:
            self.left -= BUDGET.steps
            self.problem = TOO_MUCH
            return None
        except CauceError:
            # Half an answer is what it works on most of the time: what it needs is not there yet.
            self.left -= _EACH
            return None
        self.left -= steps + _EACH
        return value

    def _computed(self, path: str, text: str, answer: JSON, row: JSON) -> JSON:
        value = self.evaluate(text, answer, row)
        if path in self.money and isinstance(value, int | float) and not isinstance(value, bool):
            return rounded(value, self.currency_of(answer, row))
        return value

    def currency_of(self, answer: JSON, row: JSON) -> str:
        """Return the currency of the money in a row: that of the form, or what its expression gives."""
        if is_currency(self.currency):
            return self.currency
        found = self.evaluate(self.currency, answer, row)
        return found if isinstance(found, str) and is_currency(found) else EUR


def rules_of(form: JSON, data: JSON) -> Rules:
    """Return the rules of a form document for a task with this data."""
    ui = (form.get("ui") if isinstance(form, Mapping) else None) or {}
    widgets = ui.get("widgets") or {}
    money = frozenset(path for path, widget in widgets.items() if widget == "money")
    return Rules(ui.get("compute") or {}, ui.get("show") or {}, money, data, ui.get("currency") or EUR)


def holders(answer: JSON, path: str) -> Iterator[tuple[dict[str, JSON], str]]:
    """Yield every map that has, or may get, the field of a path, and the field's name in it."""
    *above, name = path.split(".")
    found = [answer]
    for step in above:
        below = [each[step] for each in found if isinstance(each, dict) and step in each]
        found = [row for each in below for row in _rows(each)]
    for each in found:
        if isinstance(each, dict):
            yield each, name


def _rows(value: JSON) -> Iterator[JSON]:
    """Yield the entries of a list, also of lists within it; what is no list is one by itself."""
    if not isinstance(value, list):
        yield value
    for each in value if isinstance(value, list) else ():
        yield from _rows(each)


def path_of(pointer: str) -> str:
    """Return the path of the field that a JSON pointer into an answer leads to."""
    return ".".join(part for part in pointer.strip("/").split("/") if not part.isdecimal())


def is_currency(text: str) -> bool:
    """Tell whether a text is a currency, and not the expression that gives one."""
    return _CURRENCY.match(text) is not None


def decimals(currency: str) -> int:
    """Return how many decimals amounts of a currency have."""
    return 0 if currency in _WHOLE else 3 if currency in _THOUSANDTHS else 2


def rounded(amount: float, currency: str) -> float:
    """Return an amount of money to the smallest coin of its currency, half of one upwards."""
    if abs(amount) >= _MOST_MONEY:
        return amount
    exact = Decimal(str(amount)).quantize(Decimal(1).scaleb(-decimals(currency)), ROUND_HALF_UP)
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def _put(holder: dict[str, JSON], name: str, value: JSON) -> None:
    if value is None:
        holder.pop(name, None)
    else:
        holder[name] = value
