"""Asks the database itself about values that its driver is known to change without a word.

PostgreSQL's driver shows the date `infinity` as today; SQLite's gives NULL for text in a column of numbers, and cuts
the fraction off a number in a column of whole ones. Neither can be seen from the outside, so the statement is run
once more, inside one that says whether such values are there.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

_day: Final = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_queries: Final = {"select", "with", "values", "table"}
# What a column of this type may hold, in SQLite's words; anything else is changed on the way.
_sqlite_faithful: Final[Mapping[type, str]] = {
    int: "({c} is cast({c} as integer))",
    float: "(typeof({c}) in ('real', 'integer', 'null'))",
    bool: "({c} is null or {c} is 0 or {c} is 1)",
    date: "({c} is null or typeof({c}) = 'text' and date({c}) is not null and {c} glob '{day}*')",
    datetime: "({c} is null or typeof({c}) = 'text' and datetime({c}) is not null and {c} glob '{day}*')",
}
_candidates: Final[Mapping[str, set[type]]] = {"postgresql": {date, datetime}, "sqlite": {float, bool, date, datetime}}
_infinite_stamps: Final = (datetime(9999, 12, 31, 23, 59, 59), datetime(1, 1, 1))  # noqa: DTZ001 - the driver's own


class Doubts:
    """Which columns of a result have to be asked about; the dialect decides why."""

    def __init__(self, dialect: str, types: Sequence[type], today: date) -> None:
        self._dialect = dialect
        self._types = types
        self._today = today
        # Fractions are cut off whole numbers without a trace; everything else shows itself as a null or a certain date.
        self._asked = {i for i, kind in enumerate(types) if dialect == "sqlite" and kind is int}
        self._candidates = [i for i, kind in enumerate(types) if kind in _candidates.get(dialect, ())]

    def look(self, columns: Sequence[Sequence[Any]]) -> None:
        """Look at a batch for values that may not be what is stored."""
        for index in self._candidates:
            if index not in self._asked and self._is_doubtful(index, columns[index]):
                self._asked.add(index)

    def question(self, sql: str, verb: str) -> tuple[str, list[int]] | None:
        """Return a statement that gives the first wrong row as truths, one a doubtful column; None without doubt."""
        if not self._asked or verb not in _queries:
            return None
        asked = sorted(self._asked)
        names = ", ".join(f"c{index}" for index in range(len(self._types)))
        checks = [self._check(index) for index in asked]
        question = f"select {', '.join(checks)} from {{}} where not ({' and '.join(checks)}) limit 1"  # noqa: S608 - names of its own
        if self._dialect == "sqlite":
            return f"with q({names}) as ({sql}\n) {question.format('q')}", asked
        return question.format(f"({sql}\n) as q({names})"), asked

    def _check(self, index: int) -> str:
        if self._dialect == "postgresql":
            return f"isfinite(c{index})"
        return _sqlite_faithful[self._types[index]].format(c=f"c{index}", day=_day)

    def _is_doubtful(self, index: int, column: Sequence[Any]) -> bool:
        if self._dialect == "sqlite":
            return None in column
        if self._types[index] is datetime:
            return any(stamp in column for stamp in _infinite_stamps)
        return self._today in column
