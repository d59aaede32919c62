"""The formats that schemas may ask for: dates, moments, times, durations, e-mail, URIs, UUIDs, and those of forms.

A phone number only has to have the form of one here: which numbers exist changes from month to month, and what an
instance decided once has to stay decided. Forms look closer.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Final

from jsonschema import FormatChecker

from schemas.tax_numbers import TAX_NUMBERS

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})\Z")
_NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,9})?"
_DURATION = re.compile(
    rf"P(?=[0-9T])(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?"
    rf"(?:T(?=[0-9])(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?\Z"
)
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+\Z")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+\Z")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}\Z")
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")

STANDARD: Final[Mapping[str, str]] = {
    "date": "a date such as 2026-05-31",
    "date-time": "a moment such as 2026-05-31T10:30:00Z",
    "time": "a time such as 10:30:00Z",
    "duration": "a duration such as PT30M or P2D",
    "email": "an e-mail address such as ana@example.com",
    "uri": "an address such as https://example.com/orders",
    "uuid": "a UUID such as 123e4567-e89b-12d3-a456-426614174000",
}
FORMATS: Final[Mapping[str, str]] = {
    **STANDARD,
    "phone": "a phone number such as +34915550123",
    **{name: number.sentence for name, number in TAX_NUMBERS.items()},
    "attachment": "an attached file",
}
_LONGEST: Final = 2048


def is_duration(text: str) -> bool:
    """Tell whether `text` is an ISO 8601 duration."""
    return _DURATION.match(text) is not None


def _is_date(text: str) -> bool:
    return _DATE.match(text) is not None and date.fromisoformat(text) is not None


def _is_time(text: str) -> bool:
    plain = re.sub(r"\.[0-9]+", "", text.upper().replace("Z", "+00:00"))
    return _TIME.match(text) is not None and time.fromisoformat(plain) is not None


def _is_moment(text: str) -> bool:
    day, separator, clock = text[:10], text[10:11], text[11:]
    return separator in ("T", "t", " ") and bool(separator) and _is_date(day) and _is_time(clock)


def _is_attachment(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    named = all(isinstance(value.get(key), str) for key in ("name", "type", "sha256"))
    return named and isinstance(value.get("size"), int) and _DIGEST.match(value["sha256"]) is not None


_CHECKS: Final[Mapping[str, Callable[[str], bool]]] = {
    "date": _is_date,
    "date-time": _is_moment,
    "time": _is_time,
    "duration": is_duration,
    "email": lambda text: _EMAIL.match(text) is not None,
    "uri": lambda text: _URI.match(text) is not None,
    "uuid": lambda text: _UUID.match(text) is not None,
    "phone": lambda text: _PHONE.match(text) is not None,
    **{name: number.is_valid for name, number in TAX_NUMBERS.items()},
}


def _guarded(check: Callable[[str], bool]) -> Callable[[object], bool]:
    def checked(value: object) -> bool:
        if not isinstance(value, str):
            return True
        return len(value) <= _LONGEST and check(value)

    return checked


def checker() -> FormatChecker:
    """Return a checker for exactly the formats listed above."""
    made = FormatChecker(formats=())
    for name, check in _CHECKS.items():
        made.checks(name, raises=ValueError)(_guarded(check))
    made.checks("attachment")(_is_attachment)
    return made
