import pytest

from cauce.depth import LEVELS, check_entered
from cauce.errors import InputError, TooLargeError


def nested(levels: int) -> list[object]:
    value: list[object] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("value", [None, 1.5, "", {"ñ😀\u202e": ["مرحبا", {"a": "\n\t"}]}, nested(LEVELS - 1)])
def test_what_people_write_is_taken(value: object) -> None:
    check_entered(value)


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "a\udfffñ"])
def test_a_character_that_cannot_be_kept_is_refused_wherever_it_stands(text: str) -> None:
    for value in (text, [{"a": [text]}], {"a": {text: 1}}):
        with pytest.raises(InputError, match="cannot be kept"):
            check_entered(value, "answer")


def test_what_nests_too_deep_is_refused() -> None:
    with pytest.raises(TooLargeError, match="nests deeper"):
        check_entered(nested(LEVELS + 1))
