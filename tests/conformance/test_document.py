from tests.conformance.case import cases
from tests.conformance.document import FILE, text_with_table


def test_document_of_the_language_lists_the_cases_as_they_are() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert text == text_with_table(text), "run `python -m tests.conformance.document`"


def test_every_case_has_a_title_of_its_own() -> None:
    titles = [case.title for case in cases()]
    assert len(titles) == len(set(titles))
