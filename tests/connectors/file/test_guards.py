"""What is refused: other folders, links, wrong calls, too much."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from cauce.connector import Effect, Operation
from cauce.errors import PermanentError
from connectors import file
from tests.connectors.file.calls import Open, failed, listed


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
