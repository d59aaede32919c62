"""The matrix of docs/connectors.md is the one that the tests make."""

from tests.connectors.matrix import FILE, text_with_table


def test_the_matrix_is_that_of_the_tests() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert text == text_with_table(text), "run `python -m tests.connectors.matrix`"
