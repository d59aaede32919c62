import time
from typing import Any

import pytest

from cauce.errors import DefinitionError, InputError
from schemas import flaws, validate_data

ORDER = {
    "type": "object",
    "required": ["customer", "lines"],
    "additionalProperties": False,
    "properties": {
        "customer": {"type": "string", "minLength": 1},
        "lines": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/line"}},
        "result": {"title": {"en": "Result"}, "oneOf": [{"const": "won", "title": {"en": "Won"}}, {"const": "lost"}]},
        "due": {"type": "string", "format": "date"},
        "mail": {"type": "string", "format": "email"},
    },
    "$defs": {
        "line": {"type": "object", "required": ["qty"], "properties": {"qty": {"type": "integer", "minimum": 1}}}
    },
}


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({"customer": "x", "lines": [{"qty": 1}], "result": "won", "due": "2026-05-31", "mail": "a@b.es"}, []),
        ({}, [("/customer", "`customer` is missing."), ("/lines", "`lines` is missing.")]),
        ([], [("", "The data must be a map, not a list.")]),
        (
            {"customer": "", "lines": []},
            [("/customer", "`customer` must not be empty."), ("/lines", "`lines` must not be empty.")],
        ),
        ({"customer": 5, "lines": [{"qty": 1}]}, [("/customer", "`customer` must be text, not a number.")]),
        ({"customer": "x", "lines": [{"qty": 0}]}, [("/lines/0/qty", "`qty` must be at least 1.")]),
        ({"customer": "x", "lines": [{"qty": "1"}]}, [("/lines/0/qty", "`qty` must be a whole number, not text.")]),
        ({"customer": "x", "lines": [{}]}, [("/lines/0/qty", "`qty` is missing.")]),
        ({"customer": "x", "lines": [3]}, [("/lines/0", "Entry 1 of `lines` must be a map, not a number.")]),
        (
            {"custmer": "x", "lines": [{"qty": 1}]},
            [("/custmer", "`custmer` is not a property of the data; did you mean `customer`?")],
        ),
        (
            {"customer": "x", "lines": [{"qty": 1}], "result": "wno"},
            [("/result", "`result` must be won or lost; did you mean `won`?")],
        ),
        (
            {"customer": "x", "lines": [{"qty": 1}], "due": "31/05/2026"},
            [("/due", "`due` must be a date such as 2026-05-31.")],
        ),
        (
            {"customer": "x", "lines": [{"qty": 1}], "mail": "ana"},
            [("/mail", "`mail` must be an e-mail address such as ana@example.com.")],
        ),
    ],
)
def test_every_field_gets_its_sentence(data: Any, errors: list[tuple[str, str]]) -> None:
    assert sorted((each["pointer"], each["problem"]) for each in errors_in(data)) == sorted(errors)


def errors_in(data: Any) -> tuple[Any, ...]:
    try:
        validate_data(ORDER, data, "input")
    except InputError as error:
        return error.errors
    return ()


def test_error_says_what_was_checked_and_how_much_is_wrong() -> None:
    with pytest.raises(InputError) as refused:
        validate_data(ORDER, {}, "the input of sales.order")
    assert str(refused.value) == (
        "the input of sales.order: `customer` is missing (1 more). Correct what is listed and send it again."
    )


def test_data_found_is_not_repeated_in_messages() -> None:
    for schema in ({"enum": ["a"]}, {"pattern": "^x$"}, {"format": "date"}, {"maxLength": 2}, {"const": 5}):
        with pytest.raises(InputError) as refused:
            validate_data(schema, "my-password", "answer")
        assert "my-password" not in str(refused.value) + str(refused.value.problem_details())


@pytest.mark.parametrize("schema", [None, True, {}])
def test_no_schema_takes_anything(schema: Any) -> None:
    validate_data(schema, {"a": [1]}, "input")


def test_false_takes_nothing() -> None:
    with pytest.raises(InputError, match="The data is not allowed here"):
        validate_data(False, 1, "input")  # noqa: FBT003 - a schema


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date", ["2026-02-28", "2024-02-29"], ["2026-02-29", "2026-2-1", "20260228", "x"]),
        (
            "date-time",
            ["2026-05-31T10:00:00Z", "2026-05-31t10:00:00.123+02:00"],
            ["2026-05-31", "2026-05-31T25:00:00Z", "2026-05-31T10:00:00"],
        ),
        ("time", ["10:00:00Z", "23:59:59.5-01:00"], ["10:00", "24:00:00Z"]),
        ("duration", ["PT5M", "P1DT2H", "P2W", "PT0.5S"], ["P", "PT", "5M", "P1S"]),
        ("email", ["ana@example.com"], ["ana", "a@b", "a b@c.es"]),
        ("uri", ["https://example.com/a?b=c", "urn:x:y"], ["example.com", "https://a b", ""]),
        ("uuid", ["123e4567-e89b-12d3-a456-426614174000"], ["123e4567e89b12d3a456426614174000", "x"]),
        ("unheard-of", ["anything"], []),
    ],
)
def test_formats(name: str, good: list[str], bad: list[str]) -> None:
    for text in good:
        validate_data({"format": name}, text, "field")
    for text in bad:
        with pytest.raises(InputError):
            validate_data({"format": name}, text, "field")
    validate_data({"format": name}, 5, "field")


def doubling() -> dict[str, Any]:
    steps = {f"s{n}": {"allOf": [{"$ref": f"#/$defs/s{n + 1}"}] * 2} for n in range(60)}
    return {"$ref": "#/$defs/s0", "$defs": {**steps, "s60": {}}}


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"$ref": "https://example.com/schema.json"}, "nothing is fetched"),
        ({"$ref": "file:///etc/passwd"}, "nothing is fetched"),
        ({"$ref": "#/$defs/none"}, "does not exist in this schema"),
        ({"$ref": "#"}, "never ends"),
        (doubling(), "never comes to an end"),
        ({"pattern": "(?=a)"}, r"The pattern `\(\?=a\)` cannot be used"),
        ({"pattern": "(a)\\1"}, "cannot be used"),
        ({"patternProperties": {"(?!x)": {}}}, "cannot be used"),
        ({"type": "strin"}, "did you mean `string`"),
        ({"properties": []}, "`properties` must be a map, not a list"),
        ({"$ref": "#/default", "default": {"$ref": "https://example.com/"}}, "cannot be used"),
        ({"$ref": "#/default", "default": {"pattern": "(?=a)"}}, "cannot be used"),
        ({"$defs": {"a": {"$id": "https://example.com/"}}}, "not supported"),
    ],
)
def test_schema_that_cannot_be_used_is_refused_soon(schema: Any, says: str) -> None:
    began = time.process_time()
    with pytest.raises(DefinitionError, match=says):
        validate_data(schema, "data", "input")
    assert time.process_time() - began < 3


def test_patterns_take_linear_time() -> None:
    began = time.process_time()
    with pytest.raises(InputError):
        validate_data({"pattern": "^(a+)+$", "type": "string"}, "a" * 100_000 + "b", "field")
    schema = {"patternProperties": {"^(a+)+$": {"type": "integer"}}, "additionalProperties": False}
    with pytest.raises(InputError, match="is not a property"):
        validate_data(schema, {"a" * 1000 + "b": 1}, "field")
    assert time.process_time() - began < 1


def test_titles_in_two_languages_are_no_flaw() -> None:
    assert flaws({"properties": {"title": {"type": "string", "title": {"en": "Title", "es": "Título"}}}}) == []
    assert [each.pointer for each in flaws({"properties": {"title": {"type": "strng"}}})] == ["/properties/title/type"]


def test_many_rows_are_no_hostile_schema() -> None:
    validate_data(ORDER, {"customer": "x", "lines": [{"qty": 1}] * 22_000}, "input")


def test_a_changed_copy_of_a_schema_is_another_schema() -> None:
    validate_data({"type": "object", "properties": {"a": {"type": "string"}}}, {"a": "x"}, "input")
    with pytest.raises(InputError):
        validate_data({"type": "object", "properties": {"a": {"type": "integer"}}}, {"a": "x"}, "input")
