"""Files of rows in a folder of this machine: what is read, in batches and row by row."""

import os
from pathlib import Path
from typing import Any

import pytest

from cauce.errors import BusinessError, PermanentError
from tests.connectors.file.calls import FIXED, SPANISH, Open, call, failed, rows


async def test_csv_as_it_comes_from_a_spanish_erp(opened: Open, folder: Path) -> None:
    text = (
        "Nº pedido;Uds.;Importe;Fecha;Pagado;Nota\r\n"
        'P-1;1.200;"1.234,50";01/02/2024;S;"dos ""líneas""\r\naquí"\r\nP-2;;;;N;\r\n'
    )
    (folder / "orders.csv").write_bytes(text.encode("latin-1"))
    assert await call(opened(SPANISH), "read orders.csv") == {
        "file": "orders.csv",
        "rows": [
            {"number": "P-1", "units": 1200, "total": 1234.5, "day": "2024-02-01", "paid": True,
             "Nota": 'dos "líneas"\r\naquí'},
            {"number": "P-2", "units": None, "total": None, "day": None, "paid": False, "Nota": None},
        ],
        "rejected": [],
        "next": None,
    }  # fmt: skip


async def test_a_mark_at_the_beginning_is_no_part_of_the_header(opened: Open, folder: Path) -> None:
    (folder / "a.csv").write_bytes("\ufeffid,ñ\n1,ü\n".encode())
    assert await rows(opened(), "read a.csv") == [{"id": "1", "ñ": "ü"}]
    await call(opened({"type": "csv", "encoding": "utf-8-sig"}), "write b.csv", {"rows": [{"id": "1"}]})
    assert (folder / "b.csv").read_bytes() == b"\xef\xbb\xbfid\n1\n"


async def test_numbers_keep_their_digits(opened: Open, folder: Path) -> None:
    layout = {"type": "csv", "header": False, "columns": [{"name": "n", "type": "decimal"}]}
    (folder / "n.csv").write_text("0.10\n12345678901234567890.123\n-7\n")
    assert await rows(opened(layout), "read n.csv") == [{"n": 0.1}, {"n": "12345678901234567890.123"}, {"n": -7}]


@pytest.mark.parametrize(
    ("content", "where", "problem"),
    [
        ("P-1;x;1,5;;S", "orders.csv, line 2, column units", "The value is not a whole number."),
        ("P-1;1;1.5;;S", "orders.csv, line 2, column total", "The value has separators of thousands that do not fit."),
        ("P-1;1;1,5;31/02/2024;S", "orders.csv, line 2, column day", "The value is not a date written as %d/%m/%Y."),
        ("P-1;1;1,5;;sí", "orders.csv, line 2, column paid", "The value is neither 'S' nor 'N'."),
        (";1;1,5;;S", "orders.csv, line 2, column number", "The value is empty, and must not be."),
        ("P-1;1", "orders.csv, line 2", "The line has 2 values, and there are 5 columns."),
        ('P-1;"1"x;1,5;;S', "orders.csv, line 2", "The line cannot be split into values (';' expected after '\"')."),
        ('P-1;"1', "orders.csv, line 2", "The line cannot be split into values (unexpected end of data)."),
    ],
)
async def test_a_bad_row_is_named_with_line_and_column(
    opened: Open, folder: Path, content: str, where: str, problem: str
) -> None:
    (folder / "orders.csv").write_bytes(f"Nº pedido;Uds.;Importe;Fecha;Pagado\n{content}\n".encode("latin-1"))
    error = await failed(opened(SPANISH), "read orders.csv")
    assert isinstance(error, PermanentError)
    assert (error.where, error.problem, error.remote_code) == (where, problem, "bad-row")
    collected = await call(opened(SPANISH), "read orders.csv", {"bad_rows": "collect"})
    assert collected["rows"] == []
    assert [one["problem"] for one in collected["rejected"]] == [problem]


async def test_bytes_of_another_character_set_are_found_in_their_column(opened: Open, folder: Path) -> None:
    (folder / "a.csv").write_bytes("id,name\n1,Núñez\n2,ok\n".encode("latin-1"))
    error = await failed(opened(), "read a.csv")
    assert str(error).startswith("a.csv, line 2, column name: The line has bytes that are not utf-8.")
    collected = await call(opened(), "read a.csv", {"bad_rows": "collect"})
    assert (collected["rows"], collected["rejected"][0]["line"]) == ([{"id": "2", "name": "ok"}], 2)


@pytest.mark.parametrize(
    ("layout", "content", "says"),
    [
        (
            SPANISH,
            "Nº pedido;Uds;Importe;Fecha;Pagado\n",
            "a.csv: The header has no column 'Uds.'. Did you mean 'Uds'?",
        ),
        (None, "a,b,a\n", "a.csv: The header has the title 'a' twice."),
        (None, "a,,b\n", "a.csv: Column 2 has no title."),
        (None, "", "a.csv: The file has no header."),
        (None, "a\n" + "x" * 1_000_001 + "\n", "a.csv: Line 2 is longer than 1,000,000 bytes."),
        ({"type": "xlsx"}, "a,b\n", "a.csv: The file is not a workbook of Excel (xlsx), or it is damaged."),
    ],
)
async def test_a_file_that_is_not_what_the_settings_say(
    opened: Open, folder: Path, layout: Any, content: str, says: str
) -> None:
    (folder / "a.csv").write_bytes(content.encode("latin-1"))
    error = await failed(opened(layout), "read a.csv")
    assert (str(error).startswith(says), error.remote_code) == (True, "format"), str(error)


async def test_a_large_file_is_read_in_batches(opened: Open, folder: Path) -> None:
    (folder / "n.csv").write_text("n\n" + "".join(f"{n}\n" for n in range(25)))
    connector, after, found = opened(max_rows=10), None, []
    for _ in range(3):
        answer = await call(connector, "read n.csv", {"after": after})
        found += [int(row["n"]) for row in answer["rows"]]
        after = answer["next"]
    assert (found, after) == (list(range(25)), None)


async def test_batches_end_where_the_rows_end(opened: Open, folder: Path) -> None:
    (folder / "n.csv").write_text("n\n1\n2\n")
    assert (await call(opened(), "read n.csv", {"max_rows": 2}))["next"] is None
    assert (await call(opened(), "read n.csv", {"max_rows": 1}))["next"]["row"] == 1


async def test_a_file_that_changes_between_two_batches_is_refused(opened: Open, folder: Path) -> None:
    (folder / "n.csv").write_text("n\n1\n2\n")
    after = (await call(opened(), "read n.csv", {"max_rows": 1}))["next"]
    (folder / "n.csv").write_text("n\n0\n1\n2\n")
    error = await failed(opened(), "read n.csv", {"after": after})
    assert (type(error), error.remote_code) == (BusinessError, "changed")


async def test_a_pattern_is_read_file_by_file(opened: Open, folder: Path) -> None:
    for name in ("o-2.csv", "o-1.csv", "x.csv", ".o-0.csv", "o-1.csv.part"):
        (folder / name).write_text(f"id\n{name}\n")
    first = await call(opened(), "read o-*.csv")
    second = await call(opened(), "read o-*.csv", {"after": first["next"]})
    assert [(one["file"], one["rows"]) for one in (first, second)] == [
        ("o-1.csv", [{"id": "o-1.csv"}]),
        ("o-2.csv", [{"id": "o-2.csv"}]),
    ]
    assert second["next"] is None
    assert await call(opened(), "read none-*.csv") == {"file": None, "rows": [], "rejected": [], "next": None}
    (folder / "o-2.csv").unlink()
    assert (await failed(opened(), "read o-*.csv", {"after": first["next"]})).remote_code == "missing"


async def test_list_tells_names_sizes_and_times(opened: Open, folder: Path) -> None:
    for name in ("b.csv", "a.csv", "c.txt"):
        (folder / name).write_text("id\n")
        os.utime(folder / name, (1_700_000_000, 1_700_000_000))
    (folder / "d.csv").mkdir()
    (folder / "e.csv").symlink_to(folder / "a.csv")
    assert await call(opened(), "list *.csv") == {
        "files": [{"name": n, "size": 3, "modified": "2023-11-14T22:13:20Z"} for n in ("a.csv", "b.csv")],
        "more": False,
    }
    assert (await call(opened(max_files=1), "list *.csv"))["more"] is True
    assert await call(opened(), "list done/*.csv") == {"files": [], "more": False}
    assert [one["name"] for one in (await call(opened(), "list {name}", {"name": "a.csv"}))["files"]] == ["a.csv"]
    assert (await call(opened(), "list {name}*", {"name": "*"}))["files"] == []


async def test_fixed_width(opened: Open, folder: Path) -> None:
    given = [{"sku": "AÑ-1", "units": 12, "price": 3.5}, {"sku": "B", "units": -1, "price": None}]
    await call(opened(FIXED), "write stock.txt", {"rows": given})
    content = (folder / "stock.txt").read_bytes()
    assert content == "AÑ-1  00012      3.5\r\nB     -0001         \r\n".encode("latin-1")
    assert await rows(opened(FIXED), "read stock.txt") == given
    (folder / "cut.txt").write_bytes(b"C\n" + b"D     00001      1.0  and more\n")
    collected = await call(opened(FIXED), "read cut.txt", {"bad_rows": "collect"})
    assert collected["rows"] == [{"sku": "C", "units": None, "price": None}]
    assert collected["rejected"][0]["problem"] == "The line goes on after the last column, which ends at 20."


async def test_json_lines(opened: Open, folder: Path) -> None:
    connector, given = opened({"type": "jsonl"}), [{"id": 1, "lines": [{"ñ": 0.5}]}, {}]
    await call(connector, "write a.jsonl", {"rows": given})
    assert await rows(connector, "read a.jsonl") == given
    (folder / "b.jsonl").write_text('{"n": 12345678901234567890}\n\n[1]\n{"a": NaN}\n' + "[" * 100_000 + "\n")
    collected = await call(connector, "read b.jsonl", {"bad_rows": "collect"})
    assert collected["rows"] == [{"n": "12345678901234567890"}]
    assert [one["line"] for one in collected["rejected"]] == [3, 4, 5]
