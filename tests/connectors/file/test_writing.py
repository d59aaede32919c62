"""What is written and moved is whole, and once."""

import asyncio
import io
import os
from pathlib import Path
from typing import Any

import pytest

from cauce.errors import AmbiguousError, BusinessError, PermanentError, RemoteError, TransientError
from connectors.file import connector as connector_module
from connectors.file.local import Local
from connectors.file.place import Attempt
from tests.connectors.file.calls import FIXED, SPANISH, Open, call, failed, listed, rows


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
