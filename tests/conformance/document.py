"""Writes the table of `docs/language.md` anew from the cases: `python -m tests.conformance.document`."""

from pathlib import Path
from typing import Final

from tests.conformance.case import cases

FILE: Final = Path(__file__).parents[2] / "docs" / "language.md"
BEGIN: Final = "<!-- table of the cases: python -m tests.conformance.document -->"
END: Final = "<!-- end of the table -->"


def table() -> str:
    """Return the table: what the reference describes, and the cases that show how Cauce does it."""
    rows: dict[str, list[str]] = {}
    for case in cases():
        rows.setdefault(case.row, []).append(f"{case.title} (`{case.id}`)")
    lines = [f"| {row} | {'; '.join(titles)} |" for row, titles in sorted(rows.items())]
    return "\n".join(["| part | what the cases show |", "|---|---|", *lines])


def text_with_table(text: str) -> str:
    """Return the document with the table of today between its marks."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    FILE.write_text(text_with_table(FILE.read_text(encoding="utf-8")), encoding="utf-8")
