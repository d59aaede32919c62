"""Writes a mapping into the file of a connection and leaves the rest of it, comments too, as it is."""

import json
from io import StringIO
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString, SingleQuotedScalarString

from cauce.errors import DefinitionError
from cauce.services.yaml_text import lines
from schemas import load_yaml

JSON = Any
_width: Final = 4096


def with_mapping(text: str, operation: str, request: str, response: str) -> str:
    """Return the file with another `request` and `response` of an operation.

    Raises:
        DefinitionError: It could not be written without changing something else.
    """
    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = _width
    document = yaml.load(text)
    wanted = {"request": request.strip() or ".", "response": response.strip() or "."}
    for key, expression in wanted.items():
        body = document["operations"][operation]
        if expression == str(body.get(key, ".")).strip():
            continue
        body[key] = (
            LiteralScalarString(f"{expression}\n") if "\n" in expression else SingleQuotedScalarString(expression)
        )
    out = StringIO()
    yaml.dump(document, out)
    _check_same(text, out.getvalue(), operation, wanted)
    return out.getvalue()


def snippet(operation: str, request: str, response: str) -> str:
    """Return the lines to copy into the file."""
    body = {"request": request.strip() or ".", "response": response.strip() or "."}
    return "\n".join(["operations:", f"  {operation}:", *(line for key in body for line in lines(key, body[key], 4))])


def _check_same(before: str, after: str, operation: str, wanted: dict[str, str]) -> None:
    """Hold the new text against the old one: nothing but the mapping may be different."""
    old, new = _apart(before), _apart(after)
    mapped = new["operations"][operation]
    written = all(str(mapped.get(key, ".")).strip() == text for key, text in wanted.items())
    for each in (old, new):
        for key in wanted:
            each["operations"][operation].pop(key, None)
    if not written or old != new:
        problem = "The mapping cannot be written into the file by itself."
        raise DefinitionError(problem, hint="Copy it into the file by hand, and publish that.")


def _apart(text: str) -> JSON:
    """Return the data of a file, where what several places share by an alias is there several times."""
    return json.loads(json.dumps(load_yaml(text, "connection.yaml").data))
