"""What a form needs to know of a JSON Schema: types, choices, what is inside, and the widget that fits."""

import json
from collections.abc import Mapping
from typing import Any

JSON = Any

most_radios = 5
deepest = 6
long_text = 200
formats = {
    "date": "date",
    "date-time": "datetime-local",
    "email": "email",
    "phone": "tel",
    "time": "time",
    "uri": "url",
}


def type_of(schema: JSON) -> str:
    """Return the type of a schema, also where it only shows."""
    kind = schema.get("type", "") if isinstance(schema, Mapping) else ""
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "")
    if not kind and isinstance(schema, Mapping):
        kind = "object" if "properties" in schema else ("array" if "items" in schema else "")
    return str(kind)


def options_of(schema: JSON) -> list[tuple[JSON, JSON]]:
    """Return the values that a schema allows, with their labels; none when it does not list them."""
    if not isinstance(schema, Mapping):
        return []
    if isinstance(schema.get("enum"), list):
        return [(each, None) for each in schema["enum"] if each is not None]
    listed = schema.get("oneOf")
    if isinstance(listed, list) and listed and all(isinstance(each, Mapping) and "const" in each for each in listed):
        return [(each["const"], each.get("title")) for each in listed]
    return []


def option_of(schema: JSON, text: str) -> JSON:
    """Return the allowed value that a text stands for; the text itself when there is none."""
    return next((value for value, _ in options_of(schema) if text_of(value) == text), text)


def text_of(value: JSON) -> str:
    """Return a value as text that `option_of` finds again."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def properties_of(schema: JSON) -> list[tuple[str, JSON]]:
    """Return the properties of an object's schema."""
    return list((schema.get("properties") or {}).items())


def widget_of(schema: JSON, wanted: str = "", depth: int = 0) -> str:
    """Return the widget for a schema; `wanted` is what the form asks for, which counts where it can be had."""
    kind = type_of(schema)
    if depth > deepest:
        return "json"
    if options_of(schema):
        few = len(options_of(schema)) <= most_radios
        return wanted if wanted in {"radio", "select"} else ("radio" if few else "select")
    if kind == "array":
        return _widget_of_list(schema.get("items"))
    if kind == "object" or is_file(schema):
        return "file" if is_file(schema) else ("group" if schema.get("properties") else "json")
    return {
        "boolean": "checkbox",
        "number": "money" if wanted == "money" else "number",
        "integer": "money" if wanted == "money" else "number",
    }.get(kind) or text_widget(schema, wanted)


def _widget_of_list(items: JSON) -> str:
    return "files" if is_file(items) else ("checkboxes" if options_of(items) else "list")


def is_file(schema: JSON) -> bool:
    """Tell whether a schema is that of an attached file."""
    return isinstance(schema, Mapping) and schema.get("format") == "attachment"


def text_widget(schema: JSON, wanted: str) -> str:
    """Return the widget for text; one that may be long shows it by how long it may be."""
    if wanted in {"textarea", "date"}:
        return wanted
    plain = "textarea" if (schema.get("maxLength") or 0) > long_text else "text"
    return formats.get(schema.get("format", ""), plain)
