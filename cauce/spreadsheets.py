"""Tables as CSV for spreadsheets, which take a text that begins with some signs for a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

_FORMULAS: Final = frozenset("=+-@\t\r")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV; None is empty, and no text in it is a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([_plain(each) if isinstance(each, str) else each for each in row] for row in rows)
    return text.getvalue()


def _plain(text: str) -> str:
    return f"'{text}" if text[:1] in _FORMULAS else text
