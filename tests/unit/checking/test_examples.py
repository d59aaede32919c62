"""The examples of the standard; they are not part of Cauce, so these tests skip where they are not at hand."""

from pathlib import Path

import pytest

from cauce.errors import CauceError
from schemas import findings_of, load_file, validate
from workflows.checking import check

SPEC = Path(__file__).resolve().parents[4] / "shared" / "spec"
EXAMPLES = sorted((SPEC / "examples").glob("*.yaml"))
INVALID = sorted((SPEC / "fixtures" / "invalid").glob("*.yaml"))
pytestmark = pytest.mark.skipif(not EXAMPLES, reason="the examples of the standard are not here")


def test_examples_are_there() -> None:
    assert len(EXAMPLES) == 66
    assert len(INVALID) == 3


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_example_is_refused_only_for_what_is_not_supported(file: Path) -> None:
    source = load_file(file)
    assert validate("process", source) == []
    assert {finding.code for finding in check([source]) if finding.severity == "error"} <= {"unsupported"}


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.stem)
def test_invalid_document_is_refused(file: Path) -> None:
    try:
        found = validate("process", load_file(file))
    except CauceError as error:
        found = list(findings_of(error))
    assert [finding.severity for finding in found] == ["error"]
