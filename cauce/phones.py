"""Phone numbers: read as people write them, kept in the one international form, shown as people read them."""

from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

_LONGEST: Final = 40


def international(text: str, region: str) -> str | None:
    """Return a number as `+34915550123`; None when no such number exists. Without `+` it is one of `region`."""
    number = _parsed(text, region)
    return None if number is None else phonenumbers.format_number(number, PhoneNumberFormat.E164)


def readable(text: str, region: str) -> str:
    """Return a number as people of `region` write it; as it is, when it is none."""
    number = _parsed(text, region)
    if number is None:
        return text
    here = phonenumbers.region_code_for_number(number) == region
    return phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL if here else PhoneNumberFormat.INTERNATIONAL)


def _parsed(text: str, region: str) -> PhoneNumber | None:
    if len(text) > _LONGEST:
        return None
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) and not number.extension else None
