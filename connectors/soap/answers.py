"""Turns what zeep read of an answer into plain JSON data, and finds what it silently left out."""

import logging
import threading
from base64 import b64encode
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any, Final

import isodate
from lxml import etree
from zeep.xsd.valueobjects import CompoundValue

from cauce.connector import JSON
from cauce.decimals import exact_number, exact_whole
from connectors.soap.faults import as_json

_losses = threading.local()


class LostError(Exception):
    """zeep left out a part of the answer; the message says which."""


class _Losses(logging.Filter):
    """Notes that zeep gave up on a value, which it only tells the log, together with the value."""

    def filter(self, _record: logging.LogRecord) -> bool:
        _losses.count = getattr(_losses, "count", 0) + 1
        return False


for _name in ("zeep.xsd.types.simple", "zeep.xsd.elements.attribute"):
    logging.getLogger(_name).addFilter(_Losses())
# Its other loggers write whole documents and envelopes when somebody turns debugging on for everything.
logging.getLogger("zeep").setLevel(logging.WARNING)


def forget_losses() -> None:
    """Start counting anew in this thread."""
    _losses.count = 0


def to_json(value: Any) -> JSON:  # noqa: ANN401 - whatever zeep gives
    """Return the answer as data.

    Raises:
        LostError: a value did not fit its type, or elements were there that the WSDL does not declare.
    """
    if getattr(_losses, "count", 0):
        message = "a value does not fit the type that the WSDL declares for it"
        raise LostError(message)
    return _convert(value)


def _convert(value: Any) -> JSON:  # noqa: ANN401 - whatever zeep gives
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if convert := _converters.get(kind):
        return convert(value)
    if isinstance(value, CompoundValue):
        return _fields(value)
    for base, convert in _converters.items():
        if isinstance(value, base):
            return convert(value)
    if isinstance(value, etree._Element):  # noqa: SLF001 - lxml names no other class for elements
        return as_json(value)
    return str(value)


def _fields(value: CompoundValue) -> dict[str, JSON]:
    fields: dict[str, JSON] = {}
    for name, inner in value.__values__.items():
        if name == "_raw_elements":
            if inner:
                names = sorted({etree.QName(node).localname for node in inner})
                message = f"it holds elements that the WSDL does not declare there ({', '.join(names[:5])})"
                raise LostError(message)
            continue
        fields[name] = _convert(inner)
    return fields


def _float(value: float) -> JSON:
    return value if isfinite(value) else str(value)


_converters: Final[dict[type, Any]] = {
    int: exact_whole,
    float: _float,
    Decimal: exact_number,
    list: lambda value: [_convert(item) for item in value],
    tuple: lambda value: [_convert(item) for item in value],
    dict: lambda value: {str(key): _convert(inner) for key, inner in value.items()},
    datetime: lambda value: value.isoformat().replace("+00:00", "Z"),
    date: date.isoformat,
    time: time.isoformat,
    timedelta: isodate.duration_isoformat,
    isodate.Duration: isodate.duration_isoformat,
    bytes: lambda value: b64encode(value).decode(),
}
