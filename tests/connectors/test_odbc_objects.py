"""Rows as objects: the compiled loop gives what `dict(zip(names, row))` gives, whatever columns are called."""

import pytest

from connectors.odbc.objects import rows_of

ODD = ["id", 'a"b', "it's", "{x}", "__import__('os')", "\n", "lambda", "é", ""]


@pytest.mark.parametrize("width", [1, 2, 24, 25, 300])
def test_rows_have_every_column_under_its_name(width: int) -> None:
    names = [ODD[index] if index < len(ODD) else f"c{index}" for index in range(width)]
    columns = [[index, None, f"v{index}"] for index in range(width)]
    expected = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    assert rows_of(names, columns) == expected
    assert [list(row) for row in rows_of(names, columns)] == [names] * 3  # in the order of the columns


def test_a_batch_without_rows_or_without_columns_is_empty() -> None:
    assert rows_of(["id"], [[]]) == rows_of([], []) == []
