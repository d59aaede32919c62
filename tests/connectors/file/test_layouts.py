"""Settings of connections to files, and what holds for every file of CSV."""

import io
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cauce.errors import PermanentError, SettingsError
from cauce.settings import load
from connectors import file
from connectors.file import delimited
from connectors.file.rows import Wanted, collect
from connectors.file.settings import Csv
from tests.effort import examples


@pytest.mark.parametrize(
    "wrong",
    [
        {"folder": "in"},
        {"folder": "/a/../b"},
        {"format": {"type": "csv", "header": False}},
        {"format": {"type": "csv", "decimal": ",", "thousands": ","}},
        {"format": {"type": "csv", "columns": [{"name": "a"}, {"name": "a"}]}},
        {"format": {"type": "csv", "columns": [{"name": "a", "type": "date", "pattern": "%d/%m"}]}},
        {"format": {"type": "fixed", "columns": [{"name": "a", "start": 1, "length": 3},
                                                 {"name": "b", "start": 3, "length": 3}]}},
        {"format": {"type": "edifact", "syntax": "UNOX"}},
        {"format": {"type": "x12", "component": "*"}},
        {"sftp": {"host": "h", "username": "u", "password": "p", "host_keys": []}},
        {"sftp": {"host": "h", "username": "u", "host_keys": ["ssh-ed25519 " + "A" * 68]}},
    ],
)  # fmt: skip
def test_settings_that_are_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        file.Settings.model_validate({"folder": "/in", **wrong})


def test_allowed_folders_are_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUCE_FILE_FOLDERS", "/srv/my files , /data")
    assert load().file_folders == (Path("/srv/my files"), Path("/data"))
    monkeypatch.setenv("CAUCE_FILE_FOLDERS", "files")
    with pytest.raises(SettingsError, match="file_folders"):
        load()


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
LAYOUTS = st.builds(
    lambda delimiter, quote, quoting, line_end, encoding, header: Csv(
        delimiter=delimiter, quote=quote, quoting=quoting, line_end=line_end, encoding=encoding, header=header,
        decimal="," if delimiter == ";" else ".",
        columns=[{"name": "text"}, {"name": "n", "type": "decimal"}, {"name": "day", "type": "datetime"},
                 {"name": "ok", "type": "boolean"}],
    ),
    st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(['"', "'"]), st.sampled_from(["minimal", "all"]),
    st.sampled_from(["lf", "crlf"]), st.sampled_from(["utf-8", "utf-8-sig"]), st.booleans(),
)  # fmt: skip
ROWS = st.lists(
    st.fixed_dictionaries({
        "text": st.none() | TEXTS,
        "n": st.none() | st.integers(-(2**53), 2**53) | st.decimals(-10**9, 10**9, places=3).map(float),
        "day": st.none() | st.datetimes().map(lambda moment: moment.isoformat()),
        "ok": st.none() | st.booleans(),
    }),
    max_size=6,
)  # fmt: skip


@settings(max_examples=examples(60), deadline=None)
@given(layout=LAYOUTS, given_rows=ROWS)
def test_csv_gives_back_what_was_written(layout: Csv, given_rows: list[Any]) -> None:
    content = io.BytesIO()
    delimited.write(layout, given_rows, content)
    content.seek(0)
    batch = collect(delimited.read(layout, content, "a.csv"), "a.csv", Wanted(0, 1_000, "stop", time.monotonic() + 60))
    assert batch.rows == given_rows


@settings(max_examples=examples(60), deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes_are_rows_rejects_or_an_error_that_names_the_file(content: bytes) -> None:
    try:
        table = delimited.read(Csv(), io.BytesIO(b"a,b\n" + content), "a.csv")
        batch = collect(table, "a.csv", Wanted(0, 1_000, "collect", time.monotonic() + 60))
    except PermanentError as error:
        found, where = [], error.where
    else:
        found, where = batch.rows, "a.csv"
    assert where.startswith("a.csv")
    assert all(set(row) == {"a", "b"} for row in found)
    json.dumps(found, ensure_ascii=False).encode()
