"""CloudEvents 1.0 as they are kept and passed on: JSON objects with `id`, `source`, `type` and what else they say."""

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from cauce.errors import InputError

JSON = Any
REQUIRED: Final = ("id", "source", "type")
# Everything that the specification names; any other attribute is an extension.
KNOWN: Final = (*REQUIRED, "specversion", "time", "subject", "datacontenttype", "dataschema", "data", "data_base64")
NAME: Final = re.compile(r"[a-z0-9]+\Z")
# Both identify an event together, and both are in one index: PostgreSQL takes no entry longer than 2,700 bytes.
LONGEST: Final = 1_024
MOST_ATTRIBUTES: Final = 100
# Control characters and halves of characters: the specification has none, and PostgreSQL cannot keep U+0000.
_NO_TEXT: Final = frozenset({"Cc", "Cs"})
_CONTENT: Final = frozenset({"data", "data_base64"})


def check(event: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return the event, or raise InputError when it is not a CloudEvent 1.0."""
    errors = [
        {"pointer": f"/{name}", "problem": "This attribute is required, and is a text that is not empty."}
        for name in REQUIRED
        if not isinstance(event.get(name), str) or not event[name]
    ]
    if event.get("specversion", "1.0") != "1.0":
        errors.append({"pointer": "/specversion", "problem": "Only version 1.0 is known."})
    errors += [
        {"pointer": f"/{name}", "problem": "This attribute is a text."}
        for name in ("subject", "time", "datacontenttype", "dataschema", "data_base64")
        if not isinstance(event.get(name), str | None)
    ]
    wrong = {each["pointer"] for each in errors}
    errors += [each for name, value in event.items() if f"/{name}" not in wrong for each in _flaws(name, value)]
    if len(event) > MOST_ATTRIBUTES:
        errors = [{"pointer": "", "problem": f"An event has at most {MOST_ATTRIBUTES} attributes."}]
    if errors:
        raise InputError("This is not a CloudEvent.", hint="See cloudevents.io, version 1.0.", errors=errors)
    return {"specversion": "1.0", **{name: value for name, value in event.items() if value is not None}}


def _flaws(name: str, value: JSON) -> list[dict[str, str]]:
    """Return what is wrong with one attribute besides what every event needs."""
    where = f"/{name[:LONGEST]}"
    if name in _CONTENT:
        if name == "data_base64" and isinstance(value, str) and not _is_base64(value):
            return [{"pointer": where, "problem": "This is not base64."}]
        return []
    if not NAME.match(name):
        return [{"pointer": where, "problem": "A name has only lower-case letters and digits."}]
    if not isinstance(value, str | int | bool | None):
        return [{"pointer": where, "problem": "An attribute is a text, a whole number or true or false."}]
    return _flaws_of_text(where, value) if isinstance(value, str) else []


def _flaws_of_text(where: str, value: str) -> list[dict[str, str]]:
    if len(value.encode(errors="replace")) > LONGEST:
        return [{"pointer": where, "problem": f"An attribute has at most {LONGEST:,} bytes."}]
    if any(unicodedata.category(each) in _NO_TEXT for each in value):
        return [{"pointer": where, "problem": "An attribute has no control characters."}]
    return []


def data_of(event: Mapping[str, JSON]) -> JSON:
    """Return what an event carries: JSON as it is, text of other types as text, and what is neither in base64."""
    encoded = event.get("data_base64")
    if "data" in event or not isinstance(encoded, str):
        return event.get("data")
    try:
        text = base64.b64decode(encoded).decode()
    except (ValueError, binascii.Error):
        return encoded
    kind = str(event.get("datacontenttype", "application/json")).partition(";")[0].strip().lower()
    if kind.endswith(("/json", "+json")):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text if kind.startswith("text/") or kind.endswith(("/xml", "+xml")) else encoded


def raw_data_of(event: Mapping[str, JSON]) -> JSON:
    """Return the bytes that an event carries, in base64; null when it carries none."""
    if isinstance(event.get("data_base64"), str):
        return event["data_base64"]
    data = event.get("data")
    if data is None:
        return None
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(text.encode(errors="replace")).decode()


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return False
    return True
