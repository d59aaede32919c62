"""Interchanges of X12: read as transaction sets, written again, and refused where something of them is missing."""

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cauce.errors import PermanentError
from connectors.file import x12
from connectors.file.rows import RowError
from connectors.file.settings import X12
from tests.connectors.file.calls import Open, call, failed, rows

LAYOUT = {"type": "x12"}
ISA = "ISA*00*          *00*          *ZZ*BUYER          *ZZ*SELLER         *261122*1200*U*00401*000000042*0*P*:~"
ORDERS = (
    f"{ISA}\nGS*PO*BUYER*SELLER*20261122*1200*1*X*004010~\n"
    "ST*850*0001~\nBEG*00*SA*PO-1**20261122~\nN1*BY*Ñandú Söhne~\nPO1*1*48*EA*9.75**UP:X*4000862141404~\nSE*5*0001~\n"
    "ST*850*0002~\nBEG*00*SA*PO-2**20261122~\nSE*3*0002~\nGE*2*1~\nIEA*1*000000042~\n"
)
INTERCHANGE = {"sender": "BUYER", "recipient": "SELLER", "prepared": "261122:1200", "reference": "42"}
GOOD: dict[str, Any] = {
    "interchange": INTERCHANGE,
    "group": {"kind": "PO"},
    "type": "850",
    "reference": "0001",
    "segments": [{"tag": "BEG", "elements": [["00"], ["SA"], ["PO-1"]]}],
}


def put(folder: Path, text: str) -> None:
    (folder / "o.x12").write_bytes(text.encode("latin-1"))


async def test_transaction_sets_are_rows_with_segments(folder: Path, opened: Open) -> None:
    put(folder, ORDERS)
    connector = opened(LAYOUT)
    first = await call(connector, "read o.x12", {"max_rows": 1})
    (order,) = first["rows"]
    assert (order["type"], order["reference"], order["group"]["kind"]) == ("850", "0001", "PO")
    assert order["interchange"]["prepared"] == "261122:1200"
    assert (order["interchange"]["sender"], order["interchange"]["reference"]) == ("BUYER", "000000042")
    assert order["segments"][1] == {"tag": "N1", "elements": [["BY"], ["Ñandú Söhne"]]}
    assert order["segments"][2]["elements"] == [["1"], ["48"], ["EA"], ["9.75"], [], ["UP", "X"], ["4000862141404"]]
    second = await call(connector, "read o.x12", {"after": first["next"]})
    assert [each["reference"] for each in second["rows"]] == ["0002"]
    assert second["next"] is None


async def test_what_is_written_is_read_again(folder: Path, opened: Open) -> None:
    put(folder, ORDERS)
    connector = opened({**LAYOUT, "break_lines": True})
    read = await rows(connector, "read o.x12")
    await call(connector, "write again.x12", {"rows": read})
    assert await rows(connector, "read again.x12") == read
    assert (folder / "again.x12").read_bytes() == ORDERS.encode("latin-1")


async def test_a_set_is_made_of_what_it_must_say(folder: Path, opened: Open) -> None:
    await call(opened({**LAYOUT, "component": ">", "segment": "'"}), "write i.x12", {"rows": [GOOD]})
    head = ISA.replace(":~", ">'")
    tail = "GS*PO*BUYER*SELLER*20261122*1200*1*X*004010'ST*850*0001'BEG*00*SA*PO-1'SE*3*0001'GE*1*1'IEA*1*000000042'"
    assert (folder / "i.x12").read_text() == head + tail


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("IEA*1*000000042~\n", "", "cut off"),
        ("IEA*1*000000042~\n", "IEA*1*0000", "middle of a segment"),
        ("IEA*1*", "IEA*2*", "count"),
        ("IEA*1*000000042", "IEA*1*000000043", "does not match"),
        ("GE*2*1", "GE*3*1", "GE count of 3"),
        ("GS*PO", "XX*PO", "out of place"),
        ("ST*850*0002~\n", "", "out of place"),
        ("ISA*", "ISB*", "does not begin with an interchange"),
        ("*00401*", "*00999*", "00401 and 00501"),
    ],
)
async def test_a_broken_interchange_is_refused_as_a_whole(
    folder: Path, opened: Open, before: str, after: str, problem: str
) -> None:
    assert before in ORDERS
    put(folder, ORDERS.replace(before, after))
    error = await failed(opened(LAYOUT), "read o.x12", {"bad_rows": "collect", "max_rows": 1})
    assert isinstance(error, PermanentError)
    assert error.remote_code == "format"
    assert problem in f"{error.problem} {error.hint}"


async def test_a_set_with_a_wrong_count_is_rejected_alone(folder: Path, opened: Open) -> None:
    put(folder, ORDERS.replace("SE*5*0001", "SE*9*0001"))
    found = await call(opened(LAYOUT), "read o.x12", {"bad_rows": "collect"})
    assert [each["reference"] for each in found["rows"]] == ["0002"]
    assert "SE count of 9" in found["rejected"][0]["problem"]


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(x12, "_most_text", 10)
    with pytest.raises(PermanentError, match="larger than 10 bytes"):
        x12.read(X12(type="x12"), io.BytesIO(ORDERS.encode()), "o.x12")


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"interchange": None}, "interchange"),
        ({"interchange": {**INTERCHANGE, "sender": ""}}, "interchange.sender"),
        ({"interchange": {**INTERCHANGE, "sender": "A" * 16}}, "interchange"),
        ({"interchange": {**INTERCHANGE, "sender": "A*B"}}, "interchange"),
        ({"group": {}}, "group.kind"),
        ({"type": 850}, "type"),
        ({"reference": ""}, "reference"),
        ({"segments": "BEG"}, "segments"),
        ({"segments": [{"tag": "ISA", "elements": ["1"]}]}, "segments[0]"),
        ({"segments": [{"tag": "BEG", "elements": []}]}, "segments[0]"),
        ({"segments": [{"tag": "BEG", "elements": [1]}]}, "segments[0]"),
        ({"segments": [{"tag": "BEG", "elements": ["what~now"]}]}, "segments[0]"),
        ({"segments": [{"tag": "BEG", "elements": ["漢"]}]}, ""),
    ],
)
def test_what_cannot_be_written_says_where(change: dict[str, Any], column: str) -> None:
    with pytest.raises(RowError) as caught:
        x12.write(X12(type="x12"), [{**GOOD, **change}], io.BytesIO())
    assert caught.value.column == column


def test_separators_are_four_different_ones() -> None:
    with pytest.raises(ValueError, match="four different"):
        X12(type="x12", element="~")


texts = st.text(st.sampled_from("aZ9?' .,Ñ-"), min_size=1, max_size=6)
segments = st.builds(
    lambda tag, found: {"tag": tag, "elements": found},
    st.sampled_from(["BEG", "N1", "PO1"]),
    st.lists(st.lists(texts, min_size=1, max_size=3), min_size=1, max_size=4),
)


@given(st.lists(segments, min_size=1, max_size=4), st.booleans())
def test_any_set_survives(found: list[dict[str, Any]], break_lines: bool) -> None:  # noqa: FBT001 - drawn
    layout, made = X12(type="x12", break_lines=break_lines), io.BytesIO()
    x12.write(layout, [{**GOOD, "segments": found}], made)
    made.seek(0)
    (record,) = x12.read(layout, made, "o.x12").records
    assert record.problem == ""
    assert record.values["segments"] == found


@given(st.integers(0, len(ORDERS)), st.integers(0, 30), st.sampled_from(["", "~", "*", "IEA*1*1~", "ST*1*1~", "\x00"]))
def test_any_damage_is_told(at: int, length: int, instead: str) -> None:
    text = ORDERS[:at] + instead + ORDERS[at + length :]
    with contextlib.suppress(PermanentError):
        found = list(x12.read(X12(type="x12"), io.BytesIO(text.encode("latin-1")), "o.x12").records)
        assert all(record.problem or record.values["segments"] is not None for record in found)
