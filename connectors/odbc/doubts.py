"""Asks the database itself about values that its driver is known to change without a word.

PostgreSQL's driver shows the date `infinity` as today. SQLite's gives NULL for text in a column of numbers, and cuts
the fraction off a number in a column of whole ones, and from a time what is behind the milliseconds. MariaDB's gives
NULL for a day or month of zero. None of it can be seen from the outside, so the statement is run once more, inside one
that says whether such values are there.
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
    datetime: "({c} is null or typeof({c}) = 'text' and datetime({c}) is not null and {c} glob '{day}*'"
    " and length({c}) <= 23 and substr({c}, 11) not glob '*[+-]*')",
}
# What is asked of every read costs as much as it is long: only what leaves no trace, a zone or more than milliseconds.
_sqlite_always: Final[Mapping[type, str]] = {
    int: _sqlite_faithful[int],
    datetime: "({c} is null or length({c}) in (10, 16, 19, 20, 23)"
    " or (length({c}) in (21, 22) and substr({c}, 11) not glob '*[+-]*'))",
}
_candidates: Final[Mapping[str, set[type]]] = {
    "postgresql": {date, datetime},
    "sqlite": {float, bool, date, datetime},
    "mariadb": {date, datetime},
}
# Whose loss leaves no trace; everything else shows itself as a null or a certain date.
_always: Final[Mapping[str, set[type]]] = {"sqlite": {int, datetime}}
_null_when_wrong: Final = {"sqlite", "mariadb"}
_infinite_stamps: Final = (datetime(9999, 12, 31, 23, 59, 59), datetime(1, 1, 1))  # noqa: DTZ001 - the driver's own


class Doubts:
    """Which columns of a result have to be asked about; the dialect decides why."""

    def __init__(self, dialect: str, types: Sequence[type], today: date) -> None:
        self._dialect = dialect
        self._types = types
        self._today = today
        self._open = {i for i, kind in enumerate(types) if kind in _always.get(dialect, ())}
        self._doubtful: set[int] = set()
        self._candidates = [i for i, kind in enumerate(types) if kind in _candidates.get(dialect, ())]

    def look(self, columns: Sequence[Sequence[Any]]) -> None:
        """Look at a batch for values that may not be what is stored."""
        for index in self._candidates:
            if index not in self._doubtful and self._is_doubtful(index, columns[index]):
                self._doubtful.add(index)
                self._open.add(index)

    def question(self, sql: str, verb: str) -> tuple[str, list[int]] | None:
        """Return a statement that gives the first wrong row as truths, one a doubtful column; None without any."""
        if not self._open or verb not in _queries:
            return None
        asked = sorted(self._open)
        self._open = set()
        names = ", ".join(f"c{index}" for index in range(len(self._types)))
        checks = [self._check(index) for index in asked]
        question = f"select {', '.join(checks)} from {{}} where not ({' and '.join(checks)}) limit 1"  # noqa: S608 - names of its own
        if self._dialect != "postgresql":
            return f"with q({names}) as ({sql}\n) {question.format('q')}", asked
        return question.format(f"({sql}\n) as q({names})"), asked

    def _check(self, index: int) -> str:
        if self._dialect == "postgresql":
            return f"isfinite(c{index})"
        if self._dialect == "mariadb":
            return f"(c{index} is null or month(c{index}) * dayofmonth(c{index}) > 0)"
        words = _sqlite_faithful if index in self._doubtful else _sqlite_always
        return words[self._types[index]].format(c=f"c{index}", day=_day)

    def _is_doubtful(self, index: int, column: Sequence[Any]) -> bool:
        if self._dialect in _null_when_wrong:
            return None in column
        if self._types[index] is datetime:
            return any(stamp in column for stamp in _infinite_stamps)
        return self._today in column
