from pathlib import Path

import pytest

from cauce.errors import CauceError, Finding
from schemas import findings_of, load_file, load_yaml
from tests.unit.checking.world import KNOWN
from workflows.checking import CODES, check

FOLDER = Path(__file__).parent / "cases"
WRITTEN = [
    (f"{file.stem}: {case['title']}", case["text"], case["finds"])
    for file in sorted(FOLDER.glob("*.yaml"))
    for case in load_file(file).data
]
CASES = [pytest.param(text, finds, id=title) for title, text, finds in WRITTEN]


def found_in(text: str) -> list[Finding]:
    try:
        return check([load_yaml(text, "f.yaml")], KNOWN)
    except CauceError as error:
        return list(findings_of(error))


def written(finding: Finding) -> str:
    assert finding.place is not None
    head = f"{finding.place.line}:{finding.place.column} {finding.severity} {finding.code}: {finding.problem}"
    return head + (f" | {finding.hint}" if finding.hint else "")


@pytest.mark.parametrize(("text", "finds"), CASES)
def test_finds_exactly_this(text: str, finds: list[str]) -> None:
    assert [written(finding) for finding in found_in(text)] == finds


@pytest.mark.parametrize(("text", "finds"), CASES)
def test_every_problem_is_one_sentence_with_a_known_code(text: str, finds: list[str]) -> None:
    for finding in found_in(text):
        assert finding.code in CODES
        assert finding.problem[-1] in ".?"
        assert finding.problem[0].isupper() or finding.problem[0] == "`"
    assert len(finds) == len(found_in(text))


def test_there_are_many_cases() -> None:
    assert len(CASES) >= 80


def test_every_code_is_in_a_case() -> None:
    shown = {line.split()[2].removesuffix(":") for _, _, finds in WRITTEN for line in finds}
    # These two need a file's size and two files; see `test_source` and `test_definitions`.
    assert set(CODES) - shown == {"too-large", "duplicate-definition"}
