"""Files of rows in a folder of this machine: what is read and written, and what is refused."""

import asyncio
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from cauce.connector import Effect, Operation
from cauce.errors import AmbiguousError, BusinessError, PermanentError, RemoteError, TransientError
from connectors import file
from connectors.file import connector as connector_module
from connectors.file.local import Local
from connectors.file.place import Attempt

Open = Callable[..., file.Connector]
ORDERS = [
    {"name": "number", "header": "Nº pedido", "required": True},
    {"name": "units", "header": "Uds.", "type": "integer"},
    {"name": "total", "header": "Importe", "type": "decimal"},
    {"name": "day", "header": "Fecha", "type": "date", "pattern": "%d/%m/%Y"},
    {"name": "paid", "header": "Pagado", "type": "boolean", "true": "S", "false": "N"},
]
SPANISH = {"type": "csv", "delimiter": ";", "decimal": ",", "thousands": ".", "encoding": "latin-1", "columns": ORDERS}
FIXED = {
    "type": "fixed",
    "encoding": "latin-1",
    "line_end": "crlf",
    "columns": [
        {"name": "sku", "start": 1, "length": 6},
        {"name": "units", "start": 7, "length": 5, "type": "integer", "align": "right", "pad": "0"},
        {"name": "price", "start": 13, "length": 8, "type": "decimal", "align": "right"},
    ],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "allowed" / "in"
    folder.mkdir(parents=True)
    monkeypatch.setenv("CAUCE_FILE_FOLDERS", f"/nowhere, {tmp_path / 'allowed'}")
    return folder


@pytest.fixture
def opened(folder: Path) -> Open:
    def open_(layout: Any = None, **more: Any) -> file.Connector:
        given = {"folder": str(folder), **({"format": layout} if layout else {}), **more}
        return file.Connector("files", file.Settings.model_validate(given))

    return open_


async def call(connector: file.Connector, calls: str, params: Any = None, timeout_s: float = 10) -> Any:
    effect: Effect = "write" if calls.startswith(("write", "move")) else "read"
    return await connector.call(Operation("op", calls, effect, timeout_s=timeout_s), params)


async def failed(connector: file.Connector, calls: str, params: Any = None, timeout_s: float = 10) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        await call(connector, calls, params, timeout_s)
    return caught.value


async def rows(connector: file.Connector, calls: str, params: Any = None) -> Any:
    return (await call(connector, calls, params))["rows"]


def listed(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


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


async def test_what_is_written_is_read_again(opened: Open, folder: Path) -> None:
    given = [
        {"number": "P;1", "units": 12, "total": "12345678901234567.25", "day": "2024-02-01", "paid": True},
        {"number": 'P"2', "units": None, "total": -0.5, "day": None, "paid": None},
    ]
    answer = await call(opened(SPANISH), "write {name}", {"name": "out.csv", "rows": given})
    content = (folder / "out.csv").read_bytes()
    assert answer == {"file": "out.csv", "rows": 2, "size": len(content)}
    assert content.decode("latin-1").splitlines() == [
        "Nº pedido;Uds.;Importe;Fecha;Pagado",
        '"P;1";12;12345678901234567,25;01/02/2024;S',
        '"P""2";;-0,5;;',
    ]
    assert await rows(opened(SPANISH), "read out.csv") == given


async def test_the_same_content_twice_is_once_and_another_is_refused(opened: Open, folder: Path) -> None:
    params = {"rows": [{"id": "1"}]}
    first = await call(opened(), "write a.csv", params)
    written = (folder / "a.csv").stat()
    assert await call(opened(), "write a.csv", params) == first
    assert (folder / "a.csv").stat().st_mtime_ns == written.st_mtime_ns
    error = await failed(opened(), "write a.csv", {"rows": [{"id": "2"}]})
    assert (type(error), error.remote_code) == (BusinessError, "exists")
    assert (folder / "a.csv").read_text() == "id\n1\n"
    await call(opened(), "write a.csv", {"rows": [{"id": "2"}], "replace": True})
    assert (folder / "a.csv").read_text() == "id\n2\n"
    assert listed(folder) == ["a.csv"]


@pytest.mark.parametrize(
    ("layout", "given", "says"),
    [
        (SPANISH, {"number": "1", "unit": 2}, "op@files: rows[1].unit: The file has no column for this field. Did you"),
        (SPANISH, {"number": "1", "units": 1.5}, "op@files: rows[1].units: The value is not a whole number."),
        (SPANISH, {"number": "1", "day": "1/2/24"}, "op@files: rows[1].day: The value is not a date."),
        (SPANISH, {"units": 1}, "op@files: rows[1].number: The value is empty, and must not be."),
        (SPANISH, {"number": "日"}, "op@files: rows[1]: The row has a character that latin-1 does not have."),
        (FIXED, {"sku": "1234567"}, "op@files: rows[1].sku: The value is longer than the 6 characters"),
        (FIXED, {"sku": "a\nb"}, "op@files: rows[1].sku: The value has an end of line in it."),
        (FIXED, {"sku": "a "}, "op@files: rows[1].sku: The value begins or ends with what fills up its column"),
        ({"type": "xlsx"}, {"number": "\x01"}, "op@files: rows[1]: A value has a character that a workbook cannot"),
        ({"type": "csv"}, {"number": ["a"]}, "op@files: rows[1].number: The value holds a list or an object"),
        ({"type": "csv", "quoting": "none"}, {"number": "a,b"}, "op@files: rows[1]: A value holds the delimiter"),
        ({"type": "jsonl"}, "a", "op@files: rows[1]: A row must be an object."),
    ],
)
async def test_a_row_that_cannot_be_written_is_named_and_nothing_is(
    opened: Open, folder: Path, layout: Any, given: Any, says: str
) -> None:
    first = {"sku": "a"} if layout == FIXED else {"number": "1"}
    error = await failed(opened(layout), "write a", {"rows": [first, given]})
    assert (type(error), str(error)[: len(says)]) == (PermanentError, says)
    assert listed(folder) == []


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


async def test_a_workbook_that_is_written_is_read_again_and_the_same_every_time(opened: Open, folder: Path) -> None:
    layout = {"type": "xlsx", "sheet": "Pedidos", "columns": ORDERS}
    given = [
        {"number": "=1+1", "units": 12, "total": 0.1, "day": "2024-02-01", "paid": True},
        {"number": "007", "units": None, "total": "1.2345678901234567", "day": None, "paid": None},
    ]  # fmt: skip
    await call(opened(layout), "write a.xlsx", {"rows": given})
    assert await rows(opened(layout), "read a.xlsx") == given
    await call(opened(layout), "write b.xlsx", {"rows": given})
    assert (folder / "a.xlsx").read_bytes() == (folder / "b.xlsx").read_bytes()


async def test_a_workbook_of_others(opened: Open, folder: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for line in (["id", "when", "rate"], [1, "=1/0", 2], ["two", None, 0.25], [], [3, None, None, "outside"]):
        sheet.append(line)
    sheet["B2"].value, sheet["B2"].data_type = "#DIV/0!", "e"
    book.save(folder / "a.xlsx")
    collected = await call(opened({"type": "xlsx"}), "read a.xlsx", {"bad_rows": "collect"})
    assert collected["rows"] == [{"id": "two", "when": None, "rate": 0.25}]
    assert [(one["line"], one["column"]) for one in collected["rejected"]] == [(2, "B2"), (5, None)]
    error = await failed(opened({"type": "xlsx", "sheet": "Other"}), "read a.xlsx")
    assert str(error) == "a.xlsx: There is no sheet 'Other'. It has Sheet."


ENTITIES = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


async def test_a_workbook_with_entities_is_refused(opened: Open, folder: Path) -> None:
    part = "xl/worksheets/sheet1.xml"
    book = openpyxl.Workbook()
    book.worksheets[0].append(["id"])
    good, bad = io.BytesIO(), folder / "a.xlsx"
    book.save(good)
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(bad, "w") as new:
        for name in old.namelist():
            new.writestr(name, ENTITIES + old.read(name) if name == part else old.read(name))
    assert (await failed(opened({"type": "xlsx"}), "read a.xlsx")).remote_code == "format"


async def test_a_bomb_is_not_unpacked(opened: Open, folder: Path) -> None:
    with zipfile.ZipFile(folder / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/workbook.xml", b" " * 2_000_000)
    error = await failed(opened({"type": "xlsx", "max_unpacked_bytes": 1_000_000}), "read a.xlsx")
    assert str(error).startswith("a.xlsx: The workbook is too large when it is unpacked.")


async def test_rows_far_below_do_not_hold_the_reader_up_beyond_its_time(opened: Open, folder: Path) -> None:
    book, good = openpyxl.Workbook(), io.BytesIO()
    book.worksheets[0].append(["id"])
    book.save(good)
    sheet = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(folder / "a.xlsx", "w") as new:
        for name in old.namelist():
            far = b'<row r="99999999999"><c r="A99999999999"><v>1</v></c></row></sheetData>'
            new.writestr(name, old.read(name).replace(b"</sheetData>", far) if name == sheet else old.read(name))
    error = await failed(opened({"type": "xlsx"}), "read a.xlsx", timeout_s=0.2)
    assert (type(error), error.remote_code) == (TransientError, "timeout")


async def test_a_file_is_moved_once(opened: Open, folder: Path) -> None:
    (folder / "a.csv").write_text("id\n")
    for _ in range(2):  # the second time, it is there already
        answer = await call(opened(), "move {name} to done/{day}/", {"name": "a.csv", "day": "2024-02-01"})
        assert answer == {"file": "done/2024-02-01/a.csv"}
    assert not (folder / "a.csv").exists()
    (folder / "a.csv").write_text("id\n2\n")
    error = await failed(opened(), "move a.csv to done/2024-02-01/a.csv")
    assert (type(error), error.remote_code) == (BusinessError, "exists")
    assert (folder / "a.csv").exists()
    assert (await failed(opened(), "move b.csv to done/")).remote_code == "missing"
    assert (await failed(opened(), "move a.csv to a.csv")).problem == "a.csv would be moved to itself."
    assert (await failed(opened(), "move done to over/")).problem == "done is not a file."


async def test_a_move_that_came_half_way_is_ended(opened: Open, folder: Path) -> None:
    (folder / "a.csv").write_text("id\n")
    (folder / "done").mkdir()
    os.link(folder / "a.csv", folder / "done" / "a.csv")
    await call(opened(), "move a.csv to done/")
    assert listed(folder) == ["done"]
    assert (folder / "done" / "a.csv").read_text() == "id\n"


@pytest.mark.parametrize(
    ("calls", "params"),
    [
        ("read ../secret.csv", None),
        ("read /etc/passwd", None),
        ("read in/../../secret.csv", None),
        ("read {name}", {"name": "../secret.csv"}),
        ("read {name}", {"name": ".."}),
        ("read {name}", {"name": "a/b.csv"}),
        ("read {name}", {"name": "a\0b"}),
        ("read {name}", {"name": "\ud800"}),
        ("read {name}", {"name": "x" * 300}),
        ("read {name}", {"name": None}),
        ("list {folder}/*", {"folder": ".."}),
        ("move a.csv to ../", None),
        ("write {name}", {"name": "..", "rows": []}),
        ("delete a.csv", None),
        ("read a.csv", {"max_row": 3}),
        ("read a.csv", {"max_rows": 0}),
        ("read a.csv", {"bad_rows": "drop"}),
        ("read a.csv", {"after": 3}),
        ("read a.csv", {"after": {"file": "b.csv", "row": 1}}),
        ("read a.csv", [1]),
        ("write a.csv", {"rows": {}}),
        ("write a.csv", {"rows": [], "replace": "yes"}),
    ],
)
async def test_calls_that_are_refused_before_anything_is_touched(opened: Open, calls: str, params: Any) -> None:
    error = await failed(opened(), calls, params)
    assert (type(error), error.remote_code, bool(error.where)) == (PermanentError, "params", True)


@pytest.mark.parametrize(("calls", "effect"), [("read a.csv", "write"), ("write a.csv", "read")])
async def test_the_effect_must_be_true(opened: Open, calls: str, effect: Effect) -> None:
    with pytest.raises(PermanentError, match="Write effect: "):
        await opened().call(Operation("op", calls, effect), {"rows": []})


async def test_links_are_not_followed(opened: Open, folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_text("id\ns3cret\n")
    (folder / "link.csv").symlink_to(outside / "secret.csv")
    (folder / "way").symlink_to(outside)
    for calls in ("read link.csv", "read way/secret.csv", "list way/*", "move way/secret.csv to mine/"):
        error = await failed(opened(), calls)
        assert (error.remote_code, "leads through a link" in error.problem) == ("denied", True), calls
    for calls in ("write way/x.csv", "write link.csv", "move link.csv to mine/"):
        params = {"rows": [{"id": "1"}]} if calls.startswith("write") else None
        assert (await failed(opened(), calls, params)).remote_code == "denied", calls
    assert listed(outside) == ["secret.csv"]


async def test_what_nobody_waits_for_any_longer_is_not_done(folder: Path) -> None:
    (folder / "a.csv").write_text("id\n")
    local, late = Local(str(folder), 1_000), Attempt(abandoned=True)
    with pytest.raises(TransientError, match="Nothing was done"):
        await local.put((), "b.csv", io.BytesIO(b"id\n"), late, replace=False)
    with pytest.raises(TransientError, match="Nothing was done"):
        await local.move(((), "a.csv"), ((), "b.csv"), late)
    assert listed(folder) == ["a.csv"]


@pytest.mark.parametrize(("begun", "kind"), [(False, TransientError), (True, AmbiguousError)])
async def test_a_write_beyond_its_time_is_ambiguous_once_its_last_step_was_begun(
    opened: Open, monkeypatch: pytest.MonkeyPatch, *, begun: bool, kind: type[RemoteError]
) -> None:
    async def stuck(_place: Local, _source: Any, _target: Any, attempt: Attempt) -> bool:
        attempt.begun = begun
        return await asyncio.Event().wait()

    monkeypatch.setattr(Local, "move", stuck)
    monkeypatch.setattr(connector_module, "_grace_s", 0.0)
    error = await failed(opened(), "move a.csv to done/", timeout_s=0.01)
    assert (type(error), error.remote_code) == (kind, "timeout")


async def test_what_is_no_file_is_not_waited_for(opened: Open, folder: Path) -> None:
    os.mkfifo(folder / "pipe.csv")
    assert (await failed(opened(), "read pipe.csv")).problem == "pipe.csv is not a file."


@pytest.mark.parametrize("outside", ["/etc", "{tmp}/allowed-too", "{tmp}"])
async def test_only_folders_that_the_operator_allows(folder: Path, tmp_path: Path, outside: str) -> None:
    (tmp_path / "allowed-too").mkdir()
    connector = file.Connector("files", file.Settings(folder=outside.format(tmp=tmp_path)))
    error = await failed(connector, "list *")
    assert (error.remote_code, "CAUCE_FILE_FOLDERS" in error.hint) == ("denied", True)
    assert [(one.stage, one.ok) for one in await connector.check()] == [("allowed", False)]


async def test_limits_of_size(opened: Open, folder: Path) -> None:
    (folder / "a.csv").write_text("id\n" + "1\n" * 100)
    assert (await failed(opened(max_bytes=100), "read a.csv")).remote_code == "too-large"
    assert (await failed(opened(max_bytes=10), "write b.csv", {"rows": [{"a": "1"}] * 9})).remote_code == "too-large"
    assert not (folder / "b.csv").exists()


async def test_check_goes_by_stages(opened: Open, folder: Path) -> None:
    assert [(one.stage, one.ok) for one in await opened().check()] == [("allowed", True), ("folder", True)]
    await asyncio.to_thread(folder.rmdir)
    assert [(one.stage, one.ok) for one in await opened().check()] == [("allowed", True), ("folder", False)]
    for calls in ("list *", "write a.csv"):
        params = {"rows": [{"id": "1"}]} if calls.startswith("write") else None
        assert (await failed(opened(), calls, params)).remote_code == "folder"
    assert (await failed(opened(), "read a.csv")).remote_code == "missing"
