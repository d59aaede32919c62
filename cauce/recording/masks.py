"""Makes masks: something of the same shape; the same for the same value, and nobody without the key finds back."""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Final

removed: Final = "***"
_mail: Final = re.compile(r"([^@\s]+)@([^@\s]+)")
_date: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(T.*)?")
_number: Final = re.compile(r"-?\d+\.\d+")
_epoch: Final = date(1950, 1, 1)
_days: Final = 25_000
_tries: Final = 50
_lower: Final = "abcdefghijklmnopqrstuvwxyz"
Bytes = Iterator[int]


class Masks:
    """The masks of one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def text(self, value: str) -> str:
        """Return the mask of a text: an address for an address, a date for a date, letters for letters."""
        return self._other(value, _shape_of(value))

    def integer(self, value: int) -> int:
        """Return the mask of a whole number, with as many digits."""
        return int(self.text(str(value)))

    def number(self, value: float) -> float:
        """Return the mask of a number with a fraction; what has no usual form becomes 0."""
        text = str(value)
        return float(self.text(text)) if _number.fullmatch(text) else 0.0

    def _other(self, value: str, make: Callable[[str, Bytes], str]) -> str:
        """Return the first mask that is not the value itself; a text without anything to mask stays."""
        for attempt in range(_tries):
            made = make(value, self._bytes(f"{attempt}\0{value}"))
            if made != value:
                return made
        return value

    def _bytes(self, text: str) -> Bytes:
        block = 0
        while True:
            message = f"{block}\0{text}".encode(errors="surrogatepass")
            yield from hmac.digest(self._key, message, hashlib.sha256)
            block += 1


def _shape_of(value: str) -> Callable[[str, Bytes], str]:
    if _mail.fullmatch(value):
        return _as_mail
    if _date.fullmatch(value):
        return _as_date
    return _as_shaped


def _as_mail(value: str, stream: Bytes) -> str:
    return f"{_as_shaped(value.partition('@')[0], stream)}@example.com"


def _as_date(value: str, stream: Bytes) -> str:
    day = _epoch + timedelta(days=int.from_bytes([next(stream), next(stream), next(stream)]) % _days)
    return day.isoformat() + value[10:]


def _as_shaped(value: str, stream: Bytes) -> str:
    made: list[str] = []
    for each in value:
        drawn = next(stream)
        # A number stays a number: it does not begin with a zero where it did not.
        begins = each != "0" and not (made and made[-1].isdigit())
        made.append(_drawn(each, drawn, begins=begins))
    return "".join(made)


def _drawn(character: str, drawn: int, *, begins: bool) -> str:
    if character.isascii():
        if character.isdigit():
            return str(1 + drawn % 9) if begins else str(drawn % 10)
        if not character.isalpha():
            return character
    letter = _lower[drawn % 26]
    return letter.upper() if character.isupper() else letter
