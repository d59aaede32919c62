import json
from typing import Any

import pytest

from cauce.capabilities import shipped
from cauce.errors import DefinitionError
from cauce.expressions import compile_expression
from cauce.services.mapping.examples import example
from cauce.services.mapping.messages import request, response
from cauce.services.mapping.shapes import Field, schema_of, tree, unknown_fields
from cauce.services.mapping.suggesting import suggest
from cauce.services.mapping.writing import snippet, with_mapping
from schemas import load_yaml, validate_data

JSON = Any
ERP = {
    "type": "object",
    "required": ["Reference", "CustomerNumber", "Lines", "Kind"],
    "properties": {
        "Reference": {"type": "string"},
        "CustomerNumber": {"type": "string"},
        "Kind": {"type": "string"},
        "Lines": {
            "type": "object",
            "required": ["Line"],
            "properties": {
                "Line": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["Sku", "Qty"],
                        "properties": {"Sku": {"type": "string"}, "Qty": {"type": "string"}},
                    },
                }
            },
        },
    },
}


def paths(fields: tuple[Field, ...]) -> list[str]:
    return [path for each in fields for path in [each.path, *paths(each.fields)]]


def test_a_schema_is_shown_as_a_tree_of_fields() -> None:
    found = tree(ERP)
    assert paths(found) == [
        ".Reference",
        ".CustomerNumber",
        ".Kind",
        ".Lines",
        ".Lines.Line",
        ".Lines.Line[].Sku",
        ".Lines.Line[].Qty",
    ]
    assert [(each.name, each.kind, each.required) for each in found[2:]] == [
        ("Kind", "text", True),
        ("Lines", "group", True),
    ]
    assert paths(tree({"type": "array", "items": {"properties": {"a b": True, 'x"y': True, "1": True}}})) == [
        '[]."a b"',
        '[]."x\\"y"',
        '[]."1"',
    ]
    assert tree(None) == tree({}) == ()


@pytest.mark.parametrize(
    ("schema", "value", "unknown"),
    [
        (ERP, {"Reference": "r", "Lines": {"Line": [{"Sku": "s"}, {"Sku": "t"}]}}, []),
        (
            ERP,
            {"Referenz": "r", "Lines": {"Line": [{"Qty": "1", "Disc ount": 1}]}},
            [".Referenz", '.Lines.Line[]."Disc ount"'],
        ),
        (ERP, {"Lines": {"Line": [{"Skuu": 1}, {"Skuu": 2}]}}, [".Lines.Line[].Skuu"]),
        ({"properties": {"a": {}}, "additionalProperties": {"type": "string"}}, {"b": "1"}, []),
        ({"properties": {"a": {}}, "patternProperties": {"^x": {}}}, {"b": "1"}, []),
        ({"properties": {"a": {}}}, {"a": {"anything": 1}}, []),
        ({"type": "object"}, {"b": 1}, []),
        ({"anyOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]}, {"a": 1, "b": 2, "c": 3}, [".c"]),
        ({"anyOf": [{"properties": {"a": {}}}, True]}, {"c": 3}, []),
        ({"allOf": [{"$ref": "#/$defs/x"}], "$defs": {"x": {"properties": {"a": {}}}}}, {"a": 1, "c": 3}, [".c"]),
        ({"$ref": "#"}, {"c": 3}, []),
        (None, {"c": 3}, []),
        ({"items": {"properties": {"a": {}}}}, [{"b": 1}], ["[].b"]),
        (ERP, "text", []),
    ],
)
def test_fields_that_a_contract_does_not_speak_of_are_named(schema: JSON, value: JSON, unknown: list[str]) -> None:
    assert list(unknown_fields(schema, value)) == unknown


def test_references_and_choices_are_followed_to_an_end() -> None:
    endless = {"$defs": {"n": {"properties": {"next": {"$ref": "#/$defs/n"}}}}, "$ref": "#/$defs/n"}
    assert len(paths(tree(endless))) < 20
    assert tree({"$ref": "#/$defs/gone"}) == ()
    assert tree({"$ref": "#"}) == ()
    both = {
        "allOf": [{"properties": {"a": {"type": "string"}}}, {"anyOf": [{"type": "null"}, {"properties": {"b": {}}}]}]
    }
    assert paths(tree(both)) == [".a", ".b"]
    inner = {"properties": {f"q{index}": True for index in range(99)}}
    wide = {"properties": {f"p{index}": inner for index in range(99)}}
    assert len(paths(tree(wide))) <= 600


@pytest.mark.parametrize("capability", sorted(shipped()))
def test_an_example_fits_its_schema(capability: str) -> None:
    for name, operation in shipped()[capability]["operations"].items():
        for key in ("input", "output"):
            validate_data(operation[key], example(operation[key]), where=f"{name} {key}")


def test_an_example_says_what_the_schema_suggests() -> None:
    schema = {
        "properties": {
            "a": {"const": 1},
            "b": {"enum": ["x", "y"]},
            "c": {"type": "string", "minLength": 6},
            "d": {"type": "string", "maxLength": 2},
            "e": {"type": "number", "minimum": 5},
            "f": {"type": "integer", "maximum": 0},
            "g": {"type": "array", "minItems": 2, "items": {"type": "boolean"}},
            "h": {"type": ["null", "string"], "format": "date"},
            "i": {"examples": ["seen"]},
        }
    }
    assert example(schema) == {
        "a": 1,
        "b": "x",
        "c": "textxx",
        "d": "te",
        "e": 5,
        "f": 0,
        "g": [True, True],
        "h": "2026-01-31",
        "i": "seen",
    }
    assert (
        len(json.dumps(example({"$ref": "#/$defs/n", "$defs": {"n": {"properties": {"n": {"$ref": "#/$defs/n"}}}}})))
        < 200
    )
    assert len(example({"type": "string", "minLength": 10**9})) <= 1000


def test_data_has_a_schema_too() -> None:
    assert schema_of({"a": [{"b": True}], "c": 1.5, "d": None}) == {
        "type": "object",
        "properties": {
            "a": {"type": "array", "items": {"type": "object", "properties": {"b": {"type": "boolean"}}}},
            "c": {"type": "number"},
            "d": True,
        },
    }


def test_fields_with_like_names_are_suggested_and_what_is_missing_is_told() -> None:
    order = shipped()["orders"]["operations"]["create-order"]
    found = suggest(tree(ERP), tree(order["input"]))
    assert found.missing == (".Kind",)
    assert (".lines[].quantity", ".Lines.Line[].Qty") in found.pairs
    given = {"reference": "R1", "customer": "C1", "lines": [{"sku": "P1", "quantity": 2}, {"sku": "P2", "quantity": 3}]}
    assert compile_expression(found.expression).first(given, {}) == {
        "Reference": "R1",
        "CustomerNumber": "C1",
        "Kind": None,
        "Lines": {"Line": [{"Sku": "P1", "Qty": "2"}, {"Sku": "P2", "Qty": "3"}]},
    }


def test_a_suggestion_is_an_expression_whatever_the_names_are() -> None:
    odd = {"properties": {'a "b" \\c': {"type": "string"}, "é": {"type": "string"}, "1x": {"properties": {"y z": {}}}}}
    found = suggest(tree(odd), tree(odd))
    assert compile_expression(found.expression).first({'a "b" \\c': "1", "é": "2"}, {})['a "b" \\c'] == "1"
    assert compile_expression(suggest((), ()).expression).first({}, {}) == {}


CONNECTION = """\
# What to know of it.
connection: erp
kind: soap
operations:
  # Once only.
  create-order:
    calls: CreateOrder  # as the WSDL has it
    effect: write
    request: |
      {a: .a,
       b: .b}
  get-order: {calls: GetOrder, effect: read, response: '{number: .N}'}
  other: &o {calls: "Other", effect: read}
  same: *o
"""


def test_a_mapping_is_written_into_the_file_and_the_rest_stays() -> None:
    text = with_mapping(CONNECTION, "get-order", ".", '{"n":\n .N}')
    assert load_yaml(text, "c.yaml").data["operations"]["get-order"]["response"].strip() == '{"n":\n .N}'
    for kept in ("# What to know of it.", "# Once only.", "# as the WSDL has it", "{a: .a,\n       b: .b}", '"Other"'):
        assert kept in text
    text = with_mapping(CONNECTION, "create-order", "{r: .r}", "it's: .")
    body = load_yaml(text, "c.yaml").data["operations"]["create-order"]
    assert (body["request"], body["response"]) == ("{r: .r}", "it's: .")
    assert with_mapping(CONNECTION, "create-order", "{a: .a,\n b: .b}", ".") == CONNECTION


def test_a_mapping_that_would_change_another_operation_is_not_written() -> None:
    with pytest.raises(DefinitionError, match="cannot be written into the file by itself"):
        with_mapping(CONNECTION, "same", "{x: .x}", ".")


def test_the_lines_to_copy_are_what_is_meant() -> None:
    text = snippet("get-order", "{a: .a}", '{\n  "b": .b\n}')
    assert load_yaml("connection: c\n" + text, "c.yaml").data["operations"] == {
        "get-order": {"request": "{a: .a}", "response": '{\n  "b": .b\n}'}
    }


def test_a_statement_wants_its_parameters_and_gives_rows() -> None:
    statement = "SELECT a FROM t WHERE a = :one AND b = ':no' -- :nor\n AND c::int = :one AND d IN (:rows.id, :rows.x)"
    assert request("odbc", statement, None) == {
        "type": "object",
        "required": ["one", "rows"],
        "properties": {
            "one": {},
            "rows": {"type": "array", "items": {"type": "object", "properties": {"id": {}, "x": {}}}},
        },
    }
    tables = {"type": "object", "properties": {"t": {"type": "object", "properties": {"a": {"type": "string"}}}}}
    assert paths(tree(response("odbc", tables))) == ["[].a"]
    assert response("odbc", None) is None


def test_messages_are_as_the_contract_says_and_the_parts_of_a_request_are_not() -> None:
    assert (request("soap", "X", ERP), response("soap", ERP)) == (ERP, ERP)
    assert (request("http", "GET /", ERP), response("http", ERP)) == (None, ERP)
