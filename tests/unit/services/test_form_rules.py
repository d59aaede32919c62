from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from cauce import file_types
from cauce.errors import InputError
from cauce.file_types import MIME, kind_of, safe_name, suffixes
from cauce.form_rules import NEVER_RESTS, TOO_MUCH, holders, path_of, rounded, rules_of
from cauce.form_schemas import always_required, applied, inlined, paths, spots
from cauce.phones import international, readable
from cauce.services.form_answers import found_wrong, settle

ORDER: dict[str, Any] = {
    "form": "order",
    "schema": {
        "type": "object",
        "required": ["answer", "lines"],
        "additionalProperties": False,
        "properties": {
            "answer": {"enum": ["yes", "no"]},
            "reason": {"type": "string", "minLength": 1},
            "lines": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "quantity": {"type": "integer"},
                        "price": {"type": "number"},
                        "sum": {"type": "number"},
                    },
                },
            },
            "net": {"type": "number"},
            "gross": {"type": "number"},
            "phone": {"type": "string", "format": "phone"},
            "tax": {"type": "string", "format": "nif"},
            "vat": {"type": "string", "format": "eu-vat"},
            "paper": {"type": "object", "format": "attachment"},
        },
        "if": {"properties": {"answer": {"const": "no"}}, "required": ["answer"]},
        "then": {"required": ["reason"]},
    },
    "ui": {
        "widgets": {"lines.sum": "money", "gross": "money"},
        # `gross` is named before what it is computed from.
        "compute": {
            "gross": ".net * (1 + $data.rate)",
            "lines.sum": "$row.quantity * $row.price",
            "net": "[.lines[].sum] | add",
        },
        "show": {"reason": '.answer == "no"'},
    },
}
FILE: dict[str, Any] = {"name": "a.pdf", "sha256": "0" * 64, "size": 3, "type": "application/pdf"}


def settled(answer: Any) -> Any:
    return settle(ORDER, {"rate": 0.21}, answer, "ES", {FILE["sha256"]: FILE})


def test_fields_are_computed_in_whatever_order_they_stand_and_never_taken_from_outside() -> None:
    given = {"answer": "yes", "lines": [{"quantity": 3, "price": 9.99, "sum": 1}, {"quantity": 1}], "gross": 0.01}
    assert settled(given) == {
        "answer": "yes",
        "lines": [{"quantity": 3, "price": 9.99, "sum": 29.97}, {"quantity": 1}],
        "net": 29.97,
        "gross": 36.26,
    }


def test_money_has_the_decimals_of_its_currency_also_of_one_that_a_line_names() -> None:
    ui = {"widgets": {"lines.tax": "money"}, "compute": {"lines.tax": "$row.price / 3"}}
    given = {"lines": [{"price": 100, "currency": each} for each in ("CLP", "USD", "KWD", "EURO", None)]}
    for currency, taxes in (("JPY", [33] * 5), ("$row.currency", [33, 33.33, 33.333, 33.33, 33.33])):
        made = rules_of({"ui": {**ui, "currency": currency}}, None).settle(given)
        assert [each["tax"] for each in made["lines"]] == taxes


def test_hundreds_of_lines_are_computed_and_too_many_are_refused_instead_of_left_out() -> None:
    chain = {"a": ".b * 2", "b": ".c * 2", "c": ".d * 2", "d": "[.lines[].sum] | add"}
    line = {"lines.sum": "$row.net + $row.tax", "lines.tax": "$row.net / 4", "lines.net": "$row.gross - 1"}
    form = {"schema": {}, "ui": {"compute": {**chain, **line}}}
    made = settle(form, None, {"lines": [{"gross": 5}] * 300}, "ES", {})
    assert (made["a"], made["lines"][299]["sum"]) == (12_000, 5)
    for asked, lines in ((form, 8_000), ({"schema": {}, "ui": {"compute": {"a": "last(repeat(1))"}}}, 1)):
        with pytest.raises(InputError, match="enter fewer lines") as refused:
            settle(asked, None, {"lines": [{"gross": 5}] * lines}, "ES", {})
        assert refused.value.errors == ({"pointer": "", "problem": TOO_MUCH},)


def test_what_is_computed_from_itself_is_refused_and_never_begins_with_what_was_sent() -> None:
    assert rules_of({"ui": {"compute": {"a": ".a // 1"}}}, None).settle({"a": 99}) == {"a": 1}
    with pytest.raises(InputError, match="never come to rest"):
        settle({"schema": {}, "ui": {"compute": {"a": ".b + 1", "b": ".a + 1"}}}, None, {}, "ES", {})
    assert NEVER_RESTS


@pytest.mark.parametrize("expression", ["1 / 0", "last(repeat(1))", ".lines[].x.y", '"x" * 99999999', "error"])
def test_what_cannot_be_computed_yet_is_left_out(expression: str) -> None:
    form = {"schema": {}, "ui": {"compute": {"a": expression}, "show": {"b": expression}}}
    assert rules_of(form, None).settle({"lines": [1], "b": 2}) == {"lines": [1]}


def test_a_field_that_is_not_shown_is_no_answer() -> None:
    assert "reason" not in settled({"answer": "yes", "reason": "x", "lines": []})
    assert settled({"answer": "no", "reason": "x", "lines": []})["reason"] == "x"
    assert found_wrong(ORDER, {"answer": "no", "lines": []}, "ES") == [
        {"pointer": "/reason", "problem": "`reason` is missing."}
    ]


@pytest.mark.parametrize("answer", [None, 1, "x", [], {"lines": "x"}, {"lines": [1, None, {"quantity": "x"}]}])
def test_an_answer_of_any_shape_is_settled(answer: Any) -> None:
    assert found_wrong(ORDER, settled(answer), "ES")


def test_many_lines_do_not_keep_a_person_waiting() -> None:
    lines = [{"quantity": 1, "price": 2} for _ in range(4_000)]
    assert settled({"lines": lines})["net"] == 8_000


@pytest.mark.parametrize(("amount", "fits"), [(19.99, True), (0.07, True), (-8.2, True), (1e308, True), (1.005, False)])
def test_amounts_are_multiples_of_a_cent_as_they_are_written(*, amount: float, fits: bool) -> None:
    schema = {"properties": {"a": {"type": "number", "multipleOf": 0.01}}}
    assert (found_wrong({"schema": schema}, {"a": amount}, "ES") == []) is fits


def test_numbers_of_people_get_their_one_form_and_wrong_ones_are_refused() -> None:
    good = settled({"answer": "yes", "lines": [], "phone": "915 55 01 23", "tax": "b-12345674", "vat": "es B12345674"})
    assert (good["phone"], good["tax"], good["vat"]) == ("+34915550123", "B12345674", "ESB12345674")
    assert found_wrong(ORDER, good, "ES") == []
    numbers = {
        "ar-cuit": "20-05536168-2",
        "cl-rut": "76.086.428-5",
        "co-nit": "213.123.432-1",
        "mx-rfc": "MAB-930714-8T4",
    }
    abroad = {"properties": {name: {"type": "string", "format": name} for name in numbers}}
    kept = settle({"schema": abroad}, None, numbers, "ES", {})
    assert list(kept.values()) == ["20055361682", "760864285", "2131234321", "MAB9307148T4"]
    wrong = {name: text[:-1] + ("X" if name == "mx-rfc" else "9") for name, text in kept.items()}
    assert found_wrong({"schema": abroad}, kept, "ES") == []
    assert [each["pointer"] for each in found_wrong({"schema": abroad}, wrong, "ES")] == [
        "/ar-cuit",
        "/cl-rut",
        "/co-nit",
    ]
    bad = settled({"answer": "yes", "lines": [], "phone": "+3491555", "tax": "B12345675", "vat": "XX1"})
    assert {each["pointer"] for each in found_wrong(ORDER, bad, "ES")} == {"/phone", "/tax", "/vat"}


def test_a_phone_number_is_read_and_shown_as_people_write_it() -> None:
    assert international("+44 20 7946 0958", "ES") == "+442079460958"
    assert [international(text, "ES") for text in ("12", "x", "9" * 50, "915550123 ext. 5")] == [None] * 4
    assert readable("+34915550123", "ES") == "915 55 01 23"
    assert readable("+442079460958", "ES") == "+44 20 7946 0958"
    assert readable("<b>", "ES") == "<b>"


def test_of_a_file_only_what_the_hub_knows_is_kept() -> None:
    told = {**FILE, "name": "evil.exe", "size": 1, "type": "text/html"}
    assert settled({"paper": told})["paper"] == FILE
    unknown = settled({"answer": "yes", "lines": [], "paper": {**told, "sha256": "1" * 64}})
    assert found_wrong(ORDER, unknown, "ES") == [{"pointer": "/paper", "problem": "`paper` must be an attached file."}]


def test_conditional_parts_are_merged_when_they_hold() -> None:
    schema = {
        "properties": {"a": {"type": "string"}, "b": {"type": "number"}},
        "allOf": [{"if": {"required": ["a"]}, "then": {"properties": {"b": {"minimum": 1}, "c": {}}}, "else": {}}],
        "dependentRequired": {"b": ["a"]},
        "dependentSchemas": {"b": {"properties": {"d": {}}}},
    }
    assert list(applied(schema, {})["properties"]) == ["a", "b"]
    held = applied(schema, {"a": "x", "b": 1})
    assert held["properties"] == {"a": {"type": "string"}, "b": {"type": "number", "minimum": 1}, "c": {}, "d": {}}
    assert held["required"] == ["a"]
    assert list(paths(schema)) == ["a", "b", "c", "d"]


def test_references_are_followed_but_not_for_ever() -> None:
    tree = {"$ref": "#/$defs/node"}
    schema = {
        "properties": {"tree": tree, "lost": {"$ref": "#/$defs/none"}},
        "$defs": {"node": {"type": "object", "properties": {"left": tree, "right": tree}}},
    }
    made = inlined(schema)
    assert made["properties"]["tree"]["properties"]["left"]["type"] == "object"
    assert made["properties"]["lost"] == {}
    assert always_required({"properties": {"l": {"items": {"required": ["x"]}}}}, "l.x")
    assert not always_required(schema, "tree.left")


def test_places_in_an_answer() -> None:
    assert path_of("/lines/0/sku") == "lines.sku"
    assert [name for _, name in holders({"a": [{}, 1, {}]}, "a.b")] == ["b", "b"]
    assert [spot.pointer for spot in spots(ORDER["schema"], {"lines": [{"sum": 1}], "x": 1})] == [
        "/lines/0/sum",
        "/lines/0",
        "/lines",
    ]
    assert [name for _, name in holders({"a": [[{}, 1], [[{}]]]}, "a.b")] == ["b", "b"]
    assert [rounded(amount, "EUR") for amount in (0.125, 2.0, 1e300)] == [0.13, 2, 1e300]


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.pdf", b"%PDF-1.7", "pdf"),
        ("a.PNG", b"\x89PNG\r\n\x1a\n", "png"),
        ("a.webp", b"RIFF0000WEBP", "webp"),
        ("a.txt", "ñ".encode(), "text"),
        ("a.csv", "ñ".encode("latin-1"), "csv"),
        ("a.pdf", b"<html>", None),
        ("a.html", b"<html>", None),
        ("a.svg", b"<svg>", None),
        ("a.txt", b"a\x00b", None),
        ("a.png", b"%PDF-1.7", None),
        ("a.docx", b"PK\x03\x04 not an archive", None),
        ("a.exe", b"MZ", None),
        ("pdf", b"%PDF-1.7", None),
    ],
)
def test_a_file_is_what_its_name_and_its_content_agree_on(name: str, content: bytes, kind: str | None) -> None:
    assert kind_of(name, content) == kind


def test_an_archive_that_unpacks_to_a_hundred_times_its_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_types, "_MOST_UNPACKED", 1_000_000)
    for name, first in (("a.docx", ("word/document.xml", "x")), ("a.ods", ("mimetype", MIME["ods"]))):
        for filling, kind in ((900_000, name[2:]), (2_000_000, None)):
            packed = BytesIO()
            with ZipFile(packed, "w") as archive:
                archive.writestr(*first)
                archive.writestr("filling", bytes(filling), compress_type=ZIP_DEFLATED)
            assert kind_of(name, packed.getvalue()) == kind


def test_names_of_files_lose_what_could_mislead() -> None:
    assert safe_name("../../etc/passwd") == "passwd"
    assert safe_name("C:\\x\\a\u202egpj.pdf\r\nSet-Cookie: x") == "agpj.pdfSet-Cookie: x"
    assert safe_name("") == "file"
    assert len(safe_name("x" * 500 + ".pdf")) == 120
    assert suffixes(["jpeg", "pdf"]) == ".pdf,.jpg,.jpeg"
