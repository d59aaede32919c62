"""Writes how one flat object of parameters becomes the parts of a request: as path, and as an expression."""

import json
import re
from collections.abc import Mapping
from typing import Final

from cauce.connector import JSON
from cauce.errors import PermanentError

_plain: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_keywords: Final = {
    *("and", "or", "not", "if", "then", "else", "elif", "end", "as", "def", "reduce", "foreach", "try", "catch"),
    *("label", "import", "include"),
}
_shape: Final = {"path", "query", "headers", "body"}


def template(path: str, parameters: list[Mapping[str, JSON]]) -> str:
    """Return the path with names that a connection's path can have."""
    for each in parameters:
        if each["in"] == "path":
            path = path.replace(f"{{{each['name']}}}", f"{{{_variable(each['name'])}}}")
    if not path.startswith("/") or re.search(r"\s", path) or re.search(r"\{(?!\w+\})", path):
        raise PermanentError(f"its path cannot be called: {path[:100]}.")
    return path


def _variable(name: str) -> str:
    return re.sub(r"\W", "_", name)


def request_of(method: str, parameters: list[Mapping[str, JSON]], kind: str | None) -> str:
    """Return the mapping from one flat object to the request's parts; empty when the connector does the same.

    `kind` is the media type of the body, if there is one.
    """
    groups: dict[str, list[tuple[str, str]]] = {"path": [], "query": [], "headers": []}
    for each in parameters:
        name = each["name"]
        if each["in"] == "path":
            groups["path"].append((_variable(name), _field(name)))
        elif each["in"] == "query":
            groups["query"].append((name, _field(name)))
        elif each["in"] == "header":
            groups["headers"].append((name, f"{_field(name)} | tostring" if each.get("required") else ""))
    renamed = any(_field(name) != f".{name}" for name, _ in groups["path"])
    if kind is None and not groups["headers"] and not renamed and method in {"get", "head", "delete", "options"}:
        same = all(key == given[1:] or given == f'.["{key}"]' for part in groups.values() for key, given in part)
        if same and not {key for part in groups.values() for key, _ in part} <= _shape:
            return ""
    return _parts(groups, kind)


def _parts(groups: Mapping[str, list[tuple[str, str]]], kind: str | None) -> str:
    shown = [
        f"{part}: {{{', '.join(f'{_key(key)}: {given}' for key, given in groups[part])}}}"
        for part in ("path", "query")
        if groups[part]
    ]
    headers = [f"{_key(key)}: ({given})" for key, given in groups["headers"] if given]
    if kind not in {None, "application/json"}:
        headers.append(f'"Content-Type": {json.dumps(kind)}')
    optional = [key for key, given in groups["headers"] if not given]
    if headers or optional:
        more = "".join(
            f" + (if {_field(key)} == null then {{}} else {{{_key(key)}: ({_field(key)} | tostring)}} end)"
            for key in optional
        )
        shown.append(f"headers: ({{{', '.join(headers)}}}{more})" if more else f"headers: {{{', '.join(headers)}}}")
    if kind is not None:
        shown.append("body: .body")
    return f"{{{', '.join(shown)}}}" if shown else "{path: {}}"


def _key(name: str) -> str:
    return name if _plain.fullmatch(name) and name not in _keywords else json.dumps(name)


def _field(name: str) -> str:
    if _plain.fullmatch(name) and name not in _keywords:
        return f".{name}"
    return f".[{json.dumps(name)}]"
