import re
from pathlib import Path

from workflows.checking import CODES, WARNINGS

DOCS = Path(__file__).resolve().parents[3] / "docs" / "findings.md"
SECTION = re.compile(r"## `([a-z-]+)`( \(warning\))?\n\n(.+)\n\n\* Example: .+\n\* Mend: .+\n")


def test_docs_explain_every_code_in_the_words_of_the_code() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert {name: meaning for name, _, meaning in SECTION.findall(text)} == dict(CODES)
    assert text.count("\n## ") == len(CODES)


def test_docs_mark_the_warnings() -> None:
    sections = SECTION.findall(DOCS.read_text(encoding="utf-8"))
    assert {name for name, warning, _ in sections if warning} == WARNINGS
