"""Spanish tax identifiers (NIF of persons and of entities), with their control characters computed."""

import re

PERSON_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
ENTITY_LETTERS = "JABCDEFGHI"

# Which control an entity has depends on its kind: these always a letter, these always a digit, the others either.
LETTER_KINDS = frozenset("NPQRSW")
DIGIT_KINDS = frozenset("ABEH")
KINDS = frozenset("ABCDEFGHJNPQRSUVW")

person = re.compile(r"([0-9XYZ])(\d{7})([A-Z])")
entity = re.compile(r"([A-Z])(\d{7})([0-9A-J])")


def person_nif(number: int) -> str:
    """Return the NIF of the person with that identity card number (at most eight digits)."""
    return f"{number:08d}{PERSON_LETTERS[number % 23]}"


def entity_nif(kind: str, number: int) -> str:
    """Return the NIF of an entity: its kind (B is a limited company), seven digits and the control."""
    digits = f"{number:07d}"
    control = _entity_control(digits)
    return f"{kind}{digits}{ENTITY_LETTERS[control] if kind in LETTER_KINDS else control}"


def is_valid(tax_id: str) -> bool:
    """Say whether a tax identifier has the right form and the right control character."""
    if found := person.fullmatch(tax_id):
        first, rest, letter = found.groups()
        number = int(str("XYZ".find(first)) + rest) if first in "XYZ" else int(first + rest)
        return PERSON_LETTERS[number % 23] == letter
    if found := entity.fullmatch(tax_id):
        kind, digits, control = found.groups()
        expected = _entity_control(digits)
        letters = {ENTITY_LETTERS[expected]} if kind not in DIGIT_KINDS else set()
        numbers = {str(expected)} if kind not in LETTER_KINDS else set()
        return kind in KINDS and control in letters | numbers
    return False


def _entity_control(digits: str) -> int:
    """Return the control of seven digits: Luhn's sum, taken to the next ten."""
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[0::2])
    plain = sum(int(digit) for digit in digits[1::2])
    return -(doubled + plain) % 10
