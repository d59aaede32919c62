"""The answer to a form: read back from what the browser sends, with rows added and removed without JavaScript.

What cannot be read stays the text that it was: validation refuses it, and says so beside the field.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any

from api.form_schema import option_of, properties_of, type_of, widget_of
from api.i18n import Language
from cauce.depth import check_depth
from cauce.errors import TooLargeError
from cauce.form_rules import path_of
from cauce.form_schemas import applied, inlined, paths, spots
from cauce.personal import is_cover

JSON = Any
Posted = Mapping[str, Sequence[str]]

most_rows = 500
most_digits = 9
most_readings = 4
add_button = "_add"
remove_button = "_remove"


def answer(schema: JSON, posted: Posted) -> JSON:
    """Read the answer to a schema from what was posted; what cannot be read stays text, for validation to refuse."""
    return _read(inlined(schema), "", posted, 0)


def initial(form: JSON, data: JSON) -> JSON:
    """Return the values a new form opens with: defaults, then what the task's data has under the same name."""
    values: dict[str, JSON] = {}
    for name, schema in ((form.get("schema") or {}).get("properties") or {}).items():
        if isinstance(schema, Mapping) and "default" in schema:
            values[name] = schema["default"]
        given = data.get(name) if isinstance(data, Mapping) else None
        if given is not None and _fits(schema, given):
            values[name] = given
    return values


def change_rows(schema: JSON, values: JSON, add: str = "", remove: str = "") -> JSON:
    """Return the values with one row added to the list at `add`, or without the row at `remove`."""
    changed = json.loads(json.dumps(values))
    pointer = add or remove.rpartition("/")[0]
    if not pointer:
        return changed
    rows = changed
    for part in pointer.strip("/").split("/"):
        rows = rows.setdefault(part, []) if isinstance(rows, dict) else _at(rows, part)
    items = paths(schema).get(path_of(pointer), {}).get("items")
    if not isinstance(rows, list):
        return changed
    if add and len(rows) < most_rows:
        rows.append({} if type_of(items) == "object" else "")
    elif remove and (index := _index(remove.rpartition("/")[2])) is not None and index < len(rows):
        del rows[index]
    return changed


def moments(schema: JSON, value: JSON, language: Language) -> JSON:
    """Return the answer with every date and time as an instant: browsers send them without a zone."""
    converted = json.loads(json.dumps(value))
    for spot in spots(schema, converted):
        wanted = spot.schema.get("format")
        if wanted in {"date-time", "time"} and isinstance(spot.value, str):
            spot.holder[spot.key] = (_moment if wanted == "date-time" else _time)(spot.value, language)
    return converted


def _time(text: str, language: Language) -> str:
    """Return a time of the day as it is today where the hub is: the same hour is another one in winter."""
    try:
        read = time.fromisoformat(text)
        today = datetime.combine(datetime.now(language.zone), read, language.zone)
    except ValueError:
        return text
    return text if read.tzinfo else today.isoformat().partition("T")[2]


def _moment(text: str, language: Language) -> str:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (read if read.tzinfo else read.replace(tzinfo=language.zone)).isoformat()


def _read(schema: JSON, pointer: str, posted: Posted, depth: int) -> JSON:  # noqa: PLR0911 - one for each widget
    schema = schema if isinstance(schema, Mapping) else {}
    widget = widget_of(schema, "", depth) if pointer else "group"
    given = posted.get(pointer, ())
    match widget:
        case _ if given and all(map(is_cover, given)):
            # What is covered comes back as it was shown, whatever the field is.
            return list(given) if type_of(schema) == "array" else given[0]
        case "group":
            return _read_group(schema, pointer, posted, depth)
        case "list":
            return _read_rows(schema, pointer, posted, depth)
        case "checkboxes":
            return [option_of(schema["items"], each) for each in given] or None
        case "checkbox":
            return bool(given)
        case "file" | "files":
            found = [{"sha256": each} for each in given if each]
            return (found if widget == "files" else found[-1]) if found else None
        case _:
            text = given[0].replace("\r\n", "\n") if given else ""
            return _value(schema, widget, text) if text.strip() else None


def _read_group(schema: JSON, pointer: str, posted: Posted, depth: int) -> JSON:
    inner = depth + bool(pointer)
    values: dict[str, JSON] = {}
    for _ in range(most_readings):
        # Which fields there are may depend on what stands in others.
        asked = applied(schema, values)
        read = {name: _read(below, f"{pointer}/{name}", posted, inner) for name, below in properties_of(asked)}
        found = {name: value for name, value in read.items() if value is not None}
        if asked is schema or found == values:
            values = found
            break
        values = found
    return values or (None if pointer else {})


def _read_rows(schema: JSON, pointer: str, posted: Posted, depth: int) -> JSON:
    count = _index(next(iter(posted.get(f"{pointer}#rows", ())), "")) or 0
    if count > most_rows:
        # A list that is longer than a page can show came with the task: without the rest it would be another one.
        problem = f"A list has more than {most_rows:,} lines, which is more than a page can take."
        raise TooLargeError(problem, hint="Answer by REST or with the command `cauce tasks complete`.")
    items = schema.get("items")
    # A row left empty stays a row: validation says what it lacks, beside it.
    empty: JSON = {} if type_of(items) == "object" else ""
    read = [_read(items, f"{pointer}/{index}", posted, depth + 1) for index in range(count)]
    return [empty if row is None else row for row in read] or None


def _value(schema: JSON, widget: str, text: str) -> JSON:
    match widget:
        case "radio" | "select":
            return option_of(schema, text)
        case "number" | "money":
            return _number(text)
        case "json":
            try:
                read = json.loads(text)
                check_depth(read, "answer")
            except (ValueError, RecursionError, TooLargeError):
                return text
            return read
        case _:
            return text


def _index(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= most_digits else None


def _number(text: str) -> JSON:
    plain = text.strip().replace(" ", "")
    try:
        return int(plain)
    except ValueError:
        pass
    try:
        # A comma alone is the decimal sign of most of the people who use this.
        number = float(plain.replace(",", ".") if plain.count(",") == 1 and "." not in plain else plain)
    except ValueError:
        return text
    return number if abs(number) < float("inf") else text


def _fits(schema: JSON, value: JSON) -> bool:
    if is_cover(value):
        return True
    types = {"string": str, "integer": int, "number": int | float, "boolean": bool, "array": list, "object": Mapping}
    kind = type_of(schema)
    return kind in types and isinstance(value, types[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _at(rows: JSON, part: str) -> JSON:
    index = _index(part)
    return rows[index] if isinstance(rows, list) and index is not None and index < len(rows) else {}
