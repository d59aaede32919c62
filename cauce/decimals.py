"""Exact numbers as JSON: connectors turn what a system sent into data without losing a digit."""

from decimal import Decimal
from typing import Final

# A float gives back every decimal of this many digits; JSON and jq numbers are floats.
float_digits: Final = 15
_largest_whole: Final = 2**53


def exact_number(value: Decimal) -> int | float | str:
    """Return a number when a JSON number holds the value exactly, else its digits as text."""
    text = str(value)
    if len(text.lstrip("-0.").replace(".", "")) > float_digits or "E" in text or not value.is_finite():
        return text if value.is_finite() and "E" not in text else _from_exponent(value)
    return float(text) if "." in text else int(text)


def exact_whole(value: int) -> int | str:
    """Return a whole number when a JSON number holds it exactly, else its digits as text."""
    return value if -_largest_whole <= value <= _largest_whole else str(value)


def _from_exponent(value: Decimal) -> int | float | str:
    if not value.is_finite():
        return str(value)
    plain = format(value, "f")
    return exact_number(Decimal(plain)) if "E" not in str(Decimal(plain)) else plain
