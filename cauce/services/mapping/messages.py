"""What passes between a connector and the other system, made of what the contract says of the operation.

The contract of SOAP describes the messages themselves. That of HTTP describes parameters, of which a mapping makes the
parts of a request; that of a database describes tables, of which a statement makes rows.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from cauce.services.mapping.shapes import types_of

JSON = Any
_parameter: Final = re.compile(r"(?<![:\w]):([A-Za-z_]\w*)(?:\.([A-Za-z_]\w*))?")
_quoted: Final = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)


def request(kind: str, calls: str, said: JSON) -> JSON:
    """Return the schema of what a connector of this kind is given; None where nobody can say."""
    match kind:
        case "odbc":
            return _parameters(calls)
        case "http":
            return None
        case _:
            return said


def response(kind: str, said: JSON) -> JSON:
    """Return the schema of what a connector of this kind gives back; None where nobody can say."""
    if kind != "odbc" or not isinstance(said, Mapping):
        return said
    tables = [each for each in (said.get("properties") or {}).values() if isinstance(each, Mapping)]
    # Decimals come as text: a sample of both is a number that is text.
    columns = {
        name: {"examples": ["1"], **each} if {"string"} == {*types_of(each)} - {"null"} else each
        for table in tables
        for name, each in (table.get("properties") or {}).items()
    }
    return {"type": "array", "items": {"type": "object", "properties": columns}}


def _parameters(statement: str) -> JSON:
    """Return the schema of the parameters that a statement names; what they may be only the database knows."""
    properties: dict[str, JSON] = {}
    for name, inner in _parameter.findall(_quoted.sub(" ", statement)):
        if inner:
            rows = properties.setdefault(name, {"type": "array", "items": {"type": "object", "properties": {}}})
            rows.get("items", {}).get("properties", {})[inner] = {}
        else:
            properties.setdefault(name, {})
    return {"type": "object", "required": list(properties), "properties": properties}
