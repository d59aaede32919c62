from collections.abc import Sequence
from datetime import timedelta, timezone

import pytest

from api.answers import answer, change_rows, initial, moments
from api.forms import Field, fields
from api.i18n import Language
from cauce.errors import TooLargeError
from schemas import validate_data

english = Language("en")
spanish = Language("es", timezone(timedelta(hours=1)))
schema = {
    "type": "object",
    "required": ["outcome", "lines"],
    "properties": {
        "note": {"type": "string", "maxLength": 2000, "title": {"en": "Note", "es": "Nota"}},
        "outcome": {
            "title": {"en": "Outcome", "es": "Resultado"},
            "oneOf": [
                {"const": "won", "title": {"en": "Won", "es": "Ganada"}},
                {"const": "lost", "title": {"en": "Lost", "es": "Perdida"}},
            ],
        },
        "size": {"enum": [1, 2, 3, 4, 5, 6]},
        "score": {"type": "integer", "minimum": 0, "maximum": 100, "default": 50},
        "price": {"type": "number"},
        "urgent": {"type": "boolean"},
        "when": {"type": "string", "format": "date"},
        "at": {"type": "string", "format": "date-time"},
        "hour": {"type": "string", "format": "time"},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}},
        "address": {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}},
        "lines": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["sku"],
                "properties": {"sku": {"type": "string"}, "quantity": {"type": "integer"}},
            },
        },
    },
}
form = {"form": "f", "schema": schema, "ui": {"order": ["outcome", "lines"], "widgets": {"price": "money"}}}


def by_pointer(
    values: object, errors: list[dict[str, str]] | None = None, language: Language = english
) -> dict[str, Field]:
    found: dict[str, Field] = {}

    def gather(some: Sequence[Field]) -> None:
        for field in some:
            found[field.pointer] = field
            gather(field.fields)
            gather(field.rows)

    gather(fields(form, values, language, errors or []))
    return found


def test_each_type_gets_its_widget_and_the_wanted_order() -> None:
    made = fields(form, {}, english)
    assert [(field.pointer, field.widget) for field in made] == [
        ("/outcome", "radio"),
        ("/lines", "list"),
        ("/note", "textarea"),
        ("/size", "select"),
        ("/score", "number"),
        ("/price", "money"),
        ("/urgent", "checkbox"),
        ("/when", "date"),
        ("/at", "datetime-local"),
        ("/hour", "time"),
        ("/tags", "checkboxes"),
        ("/address", "group"),
    ]
    assert [field.pointer for field in made if field.required] == ["/outcome", "/lines"]


def test_labels_speak_the_persons_language_and_fall_back_to_the_name() -> None:
    made = by_pointer({}, language=spanish)
    assert made["/outcome"].label == "Resultado"
    assert [choice.label for choice in made["/outcome"].choices] == ["Ganada", "Perdida"]
    assert made["/score"].label == "Score"


def test_a_list_shows_its_fewest_rows() -> None:
    assert "/lines/0/sku" in by_pointer({})


def test_problems_stand_beside_their_fields() -> None:
    made = by_pointer({}, [{"pointer": "/lines/0/sku", "problem": "is required"}])
    assert made["/lines/0/sku"].error == "is required"
    assert made["/lines"].error == ""


def test_what_is_posted_becomes_the_answer() -> None:
    posted = {
        "/outcome": ["won"],
        "/note": ["one\r\ntwo"],
        "/size": ["3"],
        "/score": ["70"],
        "/price": ["12,50"],
        "/urgent": ["true"],
        "/when": ["2026-11-22"],
        "/tags": ["a", "b"],
        "/address/city": ["Málaga"],
        "/lines#rows": ["2"],
        "/lines/0/sku": ["A-1"],
        "/lines/0/quantity": ["4"],
        "/lines/1/sku": [""],
    }
    assert answer(schema, posted) == {
        "outcome": "won",
        "note": "one\ntwo",
        "size": 3,
        "score": 70,
        "price": 12.5,
        "urgent": True,
        "when": "2026-11-22",
        "tags": ["a", "b"],
        "address": {"city": "Málaga"},
        "lines": [{"sku": "A-1", "quantity": 4}, {}],
    }


def test_what_is_left_empty_is_left_out() -> None:
    assert answer(schema, {"/note": ["  "], "/lines#rows": ["0"]}) == {"urgent": False}


@pytest.mark.parametrize("text", ["twelve", "1.2.3", "1e999", "--1"])
def test_what_is_no_number_stays_text_for_validation(text: str) -> None:
    assert answer(schema, {"/price": [text]})["price"] == text


def test_rows_are_added_and_removed_without_losing_the_others() -> None:
    two = change_rows(schema, {"lines": [{"sku": "A"}]}, add="/lines")
    assert two == {"lines": [{"sku": "A"}, {}]}
    assert change_rows(schema, two, remove="/lines/0") == {"lines": [{}]}
    assert change_rows(schema, {}, add="/lines") == {"lines": [{}]}


@pytest.mark.parametrize("pointer", ["/nothing/9/at/all", "/lines/99", "/lines/x", "x", "/score"])
def test_a_made_up_row_changes_nothing_that_was_entered(pointer: str) -> None:
    values = {"lines": [{"sku": "A"}], "score": 3}
    assert change_rows(schema, values, remove=pointer)["lines"] == [{"sku": "A"}]


def test_a_browser_cannot_ask_for_endless_rows_and_never_loses_those_that_a_page_does_not_show() -> None:
    with pytest.raises(TooLargeError, match="more than 500 lines"):
        answer(schema, {"/lines#rows": ["999999999"]})
    assert len(answer(schema, {"/lines#rows": ["300"]})["lines"]) == 300
    field = by_pointer({"lines": [{"sku": "A"}] * 501})["/lines"]
    assert (field.count, len(field.rows)) == (501, 500)


def test_a_new_form_opens_with_defaults_and_what_the_task_knows() -> None:
    data = {"lines": [{"sku": "A"}], "price": "not a number", "other": 1}
    assert initial(form, data) == {"score": 50, "lines": [{"sku": "A"}]}


def test_dates_with_time_become_instants_of_the_hubs_zone() -> None:
    read = answer(schema, {"/at": ["2026-11-22T10:30"]})
    assert moments(schema, read, spanish)["at"] == "2026-11-22T10:30:00+01:00"
    assert by_pointer({"at": "2026-11-22T09:30:00Z"}, language=spanish)["/at"].value == "2026-11-22T10:30"


def test_a_time_of_the_day_is_what_a_clock_showed() -> None:
    read = moments(schema, answer(schema, {"/hour": ["10:00"]}), spanish)
    assert read["hour"] == "10:00:00+01:00"
    validate_data(schema["properties"]["hour"], read["hour"], "hour")  # type: ignore[index]  # a map
    for given, shown in (("10:00:00+02:00", "10:00"), ("10:30:15Z", "10:30:15"), ("soon", "soon")):
        assert by_pointer({"hour": given}, language=spanish)["/hour"].value == shown
    assert moments(schema, {"hour": "soon"}, spanish) == {"hour": "soon"}


def test_a_group_that_need_not_be_there_asks_for_nothing_until_something_is_in_it() -> None:
    assert [by_pointer({"address": each})["/address/city"].required for each in (None, {}, {"x": 1})] == [
        False,
        False,
        True,
    ]
