import time
from itertools import pairwise
from pathlib import Path

import pytest

from cauce.errors import DefinitionError, Place, TooLargeError
from schemas import Limits, findings_of, load_all, load_file, load_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("No", "No"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("12", 12),
        ("-3", -3),
        ("0o17", 15),
        ("0x1F", 31),
        ("0777", 777),
        ("1_000", "1_000"),
        ("12:30:00", "12:30:00"),
        ("2026-05-31", "2026-05-31"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.2.3", "1.2.3"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("!!int 12", 12),
        ("!!float 12", 12.0),
        ("! 12", "12"),
        ("|\n  a\n  b", "a\nb\n"),
        ("[a, {b: c}]", ["a", {"b": "c"}]),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    data = load_yaml(f"key: {text}\n", "f.yaml").data
    assert data == {"key": value}
    assert type(data["key"]) is type(value)


def test_keys_are_text_as_written() -> None:
    assert load_yaml("on: 1\n1205: 2\ntrue: 3\n", "f.yaml").data == {"on": 1, "1205": 2, "true": 3}


def test_aliases_are_written_out() -> None:
    data = load_yaml("a: &x {b: [1, 2]}\nc: *x\nd: [*x]\n", "f.yaml").data
    assert data == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}, "d": [{"b": [1, 2]}]}


TEXT = """\
document:
  name: lead
do:
  - a/b:
      set: {x: 'it''s ${ .a }'}
  - c:
      call: |
        first
          second
"""


@pytest.mark.parametrize(
    ("pointer", "key", "value"),
    [
        ("", (1, 1), (1, 1)),
        ("/document", (1, 1), (2, 3)),
        ("/document/name", (2, 3), (2, 9)),
        ("/do/0", (4, 5), (4, 5)),
        ("/do/0/a~1b", (4, 5), (5, 7)),
        ("/do/0/a~1b/set/x", (5, 13), (5, 16)),
        ("/document/title", (1, 1), (1, 1)),
        ("/do/7/x/y", (3, 1), (3, 1)),
    ],
)
def test_places_of_keys_and_values(pointer: str, key: tuple[int, int], value: tuple[int, int]) -> None:
    source = load_yaml(TEXT, "f.yaml")
    assert source.place(pointer) == Place("f.yaml", *key)
    assert source.value_place(pointer) == Place("f.yaml", *value)


@pytest.mark.parametrize(
    ("pointer", "part", "place"),
    [
        ("/document/name", "ad", (2, 11)),
        ("/do/0/a~1b/set/x", ".a", (5, 26)),
        ("/do/1/c/call", "first", (8, 9)),
        ("/do/1/c/call", "cond", (9, 13)),
    ],
)
def test_places_within_text(pointer: str, part: str, place: tuple[int, int]) -> None:
    source = load_yaml(TEXT, "f.yaml")
    value: object = source.data
    for step in pointer.replace("~1", "\0").split("/")[1:]:
        value = value[int(step)] if isinstance(value, list) else value[step.replace("\0", "/")]  # type: ignore[index]  # test data
    assert isinstance(value, str)
    assert source.text_place(pointer, value.index(part)) == Place("f.yaml", *place)


def test_several_documents() -> None:
    first, second = load_all("a: 1\n---\n# only a remark\n---\nb: 2\n", "f.yaml")
    assert (first.data, second.data) == ({"a": 1}, {"b": 2})
    assert second.place("/b") == Place("f.yaml", 5, 1)


def test_alias_bomb_is_refused_in_milliseconds() -> None:
    names = "abcdefghij"
    rows = [f"{new}: &{new} [{', '.join(['*' + old] * 9)}]\n" for old, new in pairwise(names)]
    began = time.process_time()
    with pytest.raises(TooLargeError) as refused:
        load_yaml("a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(rows), "bomb.yaml")
    assert time.process_time() - began < 0.1
    assert str(refused.value) == (
        "bomb.yaml:5:28: With its aliases written out the definition has more than 50,000 values. "
        "Split the definition, or move data out of it."
    )


def test_a_huge_file_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "huge.yaml"
    with file.open("wb") as out:
        out.truncate(100 * 2**20)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("the file was read"))
    with pytest.raises(TooLargeError, match=r"huge.yaml: The file has 100.0 MiB; a definition may have 1.0 MiB"):
        load_file(file)


def test_limits_can_be_set() -> None:
    assert load_yaml("[[[1]]]", "f.yaml", Limits(depth=3)).data == [[[1]]]
    with pytest.raises(TooLargeError, match=r"f\.yaml:1:3: The definition is nested deeper than 2 levels"):
        load_yaml("[[[1]]]", "f.yaml", Limits(depth=2))
    with pytest.raises(TooLargeError, match="more than 3 values"):
        load_yaml("[1, 2, 3]", "f.yaml", Limits(nodes=3))
    with pytest.raises(TooLargeError, match="MiB"):
        load_yaml("ññ", "f.yaml", Limits(bytes=3))


@pytest.mark.parametrize(
    "text",
    ["[" * 900_000, "- " * 400_000, "!" * 900_000, "&a " * 300_000, "{a: " * 200_000, "? " * 400_000, '"' * 900_000],
    ids=["brackets", "dashes", "tags", "anchors", "braces", "questions", "quotes"],
)
def test_hostile_text_is_refused_soon(text: str) -> None:
    began = time.process_time()
    with pytest.raises((DefinitionError, TooLargeError)):
        load_yaml(text, "f.yaml")
    assert time.process_time() - began < 5


def test_not_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes(b"a: 1\nb: a\xf1o\n")
    with pytest.raises(DefinitionError, match=r"latin.yaml:2:5: The file is not UTF-8 text. Save it as UTF-8."):
        load_file(file)


def test_refusals_become_findings() -> None:
    for text, shown in {
        "a: 1\na: 2\n": "f.yaml:2:1: duplicate-key: The key `a` is here twice; the first is at line 1, column 1.",
        "[" * 200: "f.yaml:1:101: too-large: The definition is nested deeper than 100 levels.",
    }.items():
        with pytest.raises((DefinitionError, TooLargeError)) as refused:
            load_yaml(text, "f.yaml")
        [finding] = findings_of(refused.value)
        assert str(finding).startswith(shown)
