"""Workbooks of Excel, our own and those of others."""

import io
import zipfile
from pathlib import Path

import openpyxl

from cauce.errors import TransientError
from tests.connectors.file.calls import ORDERS, Open, call, failed, rows


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
