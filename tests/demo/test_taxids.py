import pytest

from demo.taxids import entity_nif, is_valid, person_nif


@pytest.mark.parametrize(
    "tax_id", ["12345678Z", "00000000T", "X0000000T", "Y1234567X", "A58818501", "Q2826000H", "P2807900B"]
)
def test_well_known_identifiers_are_valid(tax_id: str) -> None:
    assert is_valid(tax_id)


@pytest.mark.parametrize(
    "tax_id",
    [
        "12345678A",
        "A58818502",
        "Q28260008",
        "A5881850A",
        "",
        "1234567Z",
        "I1234567X",
        "12345678z",
        "\u0661\u0662345678Z",
        "A58818501\n",
    ],
)
def test_a_wrong_form_or_control_is_not_valid(tax_id: str) -> None:
    assert not is_valid(tax_id)


def test_a_person_gets_the_letter_of_their_number() -> None:
    assert person_nif(12345678) == "12345678Z"


@pytest.mark.parametrize(("kind", "expected"), [("A", "A58818501"), ("N", "N5881850A")])
def test_an_entity_gets_the_control_of_its_kind(kind: str, expected: str) -> None:
    assert entity_nif(kind, 5881850) == expected


def test_every_identifier_made_is_valid() -> None:
    assert all(is_valid(entity_nif(kind, number * 7919 % 10**7)) for kind in "ABFGNPQ" for number in range(500))
    assert all(is_valid(person_nif(number * 79_193)) for number in range(1000))
