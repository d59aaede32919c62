"""Interchanges of EDIFACT: read as messages, written again, and refused where something of them is missing."""

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cauce.errors import PermanentError
from connectors.file import edifact
from connectors.file.rows import RowError
from connectors.file.settings import Edifact
from tests.connectors.file.calls import Open, call, failed, rows

LAYOUT = {"type": "edifact"}
ORDER = (
    "UNA:+.? '\nUNB+UNOC:3+5412345000013:14+8798765432106:14+261122:1200+42'\n"
    "UNH+1+ORDERS:D:96A:UN:EAN008'\nBGM+220+128576+9'\nDTM+137:20261122:102'\n"
    "NAD+BY+5412345000013::9++Ñandú ?+ Söhne ?'X?''\n"
    "LIN+1++4000862141404:EN'\nQTY+21:48'\nUNS+S'\nUNT+8+1'\n"
    "UNH+2+ORDERS:D:96A:UN:EAN008'\nBGM+220+128577'\nUNT+3+2'\nUNZ+2+42'\n"
)


def put(folder: Path, text: str, encoding: str = "latin-1") -> None:
    (folder / "o.edi").write_bytes(text.encode(encoding))


async def test_messages_are_rows_with_segments(folder: Path, opened: Open) -> None:
    put(folder, ORDER)
    connector = opened(LAYOUT)
    first = await call(connector, "read o.edi", {"max_rows": 1})
    (order,) = first["rows"]
    assert (order["type"], order["version"], order["reference"]) == ("ORDERS", "D:96A:UN:EAN008", "1")
    interchange = {name: order["interchange"][name] for name in ("sender", "recipient", "prepared", "reference")}
    assert interchange == {
        "sender": "5412345000013",
        "recipient": "8798765432106",
        "prepared": "261122:1200",
        "reference": "42",
    }
    assert order["segments"][2] == {
        "tag": "NAD",
        "elements": [["BY"], ["5412345000013", "", "9"], [], ["Ñandú + Söhne 'X'"]],
    }
    second = await call(connector, "read o.edi", {"after": first["next"]})
    assert [each["reference"] for each in second["rows"]] == ["2"]
    assert second["next"] is None


async def test_what_is_written_is_read_again(folder: Path, opened: Open) -> None:
    put(folder, ORDER)
    connector = opened({**LAYOUT, "break_lines": True})
    read = await rows(connector, "read o.edi")
    await call(connector, "write again.edi", {"rows": read})
    assert await rows(connector, "read again.edi") == read
    assert (folder / "again.edi").read_bytes() == ORDER.encode("latin-1")
    await call(connector, "write again.edi", {"rows": read})


async def test_a_message_is_made_of_what_it_must_say(folder: Path, opened: Open) -> None:
    connector = opened({**LAYOUT, "syntax": "UNOA"})
    interchange = {"sender": "ME", "recipient": "YOU", "prepared": "261122:1200", "reference": "7"}
    segments = [{"tag": "BGM", "elements": ["380", ["A", "B"]]}]
    row = {"interchange": interchange, "reference": "1", "type": "INVOIC", "version": "D:96A:UN", "segments": segments}
    await call(connector, "write i.edi", {"rows": [row]})
    text = "UNA:+.? 'UNB+UNOA:3+ME+YOU+261122:1200+7'UNH+1+INVOIC:D:96A:UN'BGM+380+A:B'UNT+3+1'UNZ+1+7'"
    assert (folder / "i.edi").read_text() == text


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("UNZ+2+42'\n", "", "has no end"),
        ("UNZ+2+42'\n", "UNZ+3+42'\n", "says that it has 3 messages, and has 2"),
        ("UNZ+2+42", "UNZ+2+43", "another reference"),
        ("UNZ+2+42'\n", "UNZ+2+4", "middle of a segment"),
        ("BGM+220+128577'", "''BGM+220+128577'", "does not begin with a tag"),
        ("UNT+3+2'\nUNZ", "UNZ", r"\(UNZ\) is out of place"),
        ("UNH+1+", "UNG+ORDERS'UNH+1+", "Functional groups are not read|out of place"),
        ("UNOC", "UNOX", "'UNOX' is not known"),
        ("UNOC", "UNOY", "not of the character set of UNOY"),
        ("UNB+", "BGM+", "does not begin with an interchange"),
        ("UNA:+.? '", "UNA++.? '", "the same character"),
    ],
)
async def test_a_broken_interchange_is_refused_as_a_whole(
    folder: Path, opened: Open, before: str, after: str, problem: str
) -> None:
    assert before in ORDER
    put(folder, ORDER.replace(before, after))
    error = await failed(opened(LAYOUT), "read o.edi", {"bad_rows": "collect", "max_rows": 1})
    assert isinstance(error, PermanentError)
    assert error.remote_code == "format"
    with pytest.raises(AssertionError, match=problem):
        raise AssertionError(f"{error.problem} {error.hint}")


async def test_a_message_with_a_wrong_count_is_rejected_alone(folder: Path, opened: Open) -> None:
    put(folder, ORDER.replace("UNT+8+1", "UNT+9+1"))
    found = await call(opened(LAYOUT), "read o.edi", {"bad_rows": "collect"})
    assert [each["reference"] for each in found["rows"]] == ["2"]
    assert "9 segments" in found["rejected"][0]["problem"]


async def test_no_release_character_and_an_encoding_of_ones_own(folder: Path, opened: Open) -> None:
    put(folder, "UNA:+.  'UNB+UNOA:1+A+B+261122:1200+1'UNH+1+X:D'FTX+what is ñ?'UNT+3+1'UNZ+1+1'")
    (row,) = await rows(opened({**LAYOUT, "encoding": "latin-1"}), "read o.edi")
    assert row["segments"][0]["elements"] == [["what is ñ?"]]


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edifact, "_most_text", 10)
    with pytest.raises(PermanentError, match="larger than 10 bytes"):
        edifact.read(Edifact(type="edifact"), io.BytesIO(ORDER.encode()), "o.edi")


GOOD: dict[str, Any] = {
    "interchange": {"sender": "A", "recipient": "B", "prepared": "261122:1200", "reference": "1"},
    "reference": "1",
    "type": "ORDERS",
    "version": "D:96A:UN",
    "segments": [{"tag": "BGM", "elements": [["220"]]}],
}


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"interchange": None}, "interchange"),
        ({"interchange": {"sender": "A"}}, "interchange.recipient"),
        ({"interchange": {"header": [["UNOC", "3"], ["A"]]}}, "interchange.header"),
        ({"type": None}, "type"),
        ({"segments": None}, "segments"),
        ({"segments": [{"tag": "bgm", "elements": [["1"]]}]}, "segments[0]"),
        ({"segments": [{"tag": "UNT", "elements": [["1"]]}]}, "segments[0]"),
        ({"segments": [{"tag": "BGM", "elements": []}]}, "segments[0]"),
        ({"segments": [{"tag": "BGM", "elements": [[1]]}]}, "segments[0]"),
        ({"segments": [{"tag": "BGM", "elements": [["漢"]]}]}, ""),
    ],
)
def test_what_cannot_be_written_says_where(change: dict[str, Any], column: str) -> None:
    with pytest.raises(RowError) as told:
        edifact.write(Edifact(type="edifact"), [{**GOOD, **change}], io.BytesIO())
    assert told.value.column == column


def test_messages_of_two_interchanges_are_two_files() -> None:
    other = {**GOOD, "interchange": {**GOOD["interchange"], "reference": "2"}}
    with pytest.raises(RowError):
        edifact.write(Edifact(type="edifact"), [GOOD, other], io.BytesIO())
    with pytest.raises(RowError):
        edifact.write(Edifact(type="edifact"), [], io.BytesIO())


texts = st.text(st.sampled_from("aZ9?:+' .,Ñ\n-"), min_size=1, max_size=6)
elements = st.lists(texts, min_size=1, max_size=3)
segments = st.builds(
    lambda tag, found: {"tag": tag, "elements": found},
    st.sampled_from(["BGM", "LIN", "FTX"]),
    st.lists(elements, min_size=1, max_size=4),
)


@settings(max_examples=10, deadline=None)
@given(st.lists(segments, min_size=1, max_size=4), st.booleans())
def test_any_message_survives(found: list[dict[str, Any]], break_lines: bool) -> None:  # noqa: FBT001 - drawn
    layout, made = Edifact(type="edifact", break_lines=break_lines), io.BytesIO()
    edifact.write(layout, [{**GOOD, "segments": found}], made)
    made.seek(0)
    (record,) = edifact.read(layout, made, "o.edi").records
    assert record.problem == ""
    assert record.values["segments"] == found
