"""Puts the parameters of an operation where its OpenAPI document says, written as it says."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from schemas import guess

JSON = Any
_REFERENCE: Final = re.compile("(\u2068[^\u2069]*\u2069)")
_SEPARATORS: Final[Mapping[str, str]] = {"spaceDelimited": " ", "pipeDelimited": "|", "tabDelimited": "\t"}


@dataclass(slots=True)
class Request:
    """The parts of a request, with every parameter in its place."""

    uri: str
    query: dict[str, JSON] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: JSON = None


class ParametersError(Exception):
    """The parameters do not fit the operation; the message is a sentence for people."""


def request_of(operation: Mapping[str, JSON], given: Mapping[str, JSON]) -> Request:
    """Return the request that an operation and its parameters make.

    Raises:
        ParametersError: One is missing, unknown, or cannot be where it belongs.
    """
    made = Request(operation["address"])
    left = {name: value for name, value in given.items() if value is not None}
    cookies: list[str] = []
    for parameter in operation["parameters"]:
        name, where = parameter["name"], parameter["in"]
        key = f"{where}.{name}" if f"{where}.{name}" in left else name
        if key not in left:
            if parameter.get("required"):
                raise ParametersError(f"The operation needs the parameter `{name}`.")
            continue
        _put(made, parameter, left[key], cookies)
    if cookies:
        made.headers["Cookie"] = "; ".join(cookies)
    taken = {each["name"] for each in operation["parameters"]}
    taken |= {f"{each['in']}.{each['name']}" for each in operation["parameters"]}
    _put_body(made, operation.get("body"), {name: value for name, value in left.items() if name not in taken}, taken)
    return made


def unknown_names(operation: Mapping[str, JSON], names: list[str]) -> list[str]:
    """Return a sentence for each parameter that an operation does not know."""
    body = operation.get("body") or {}
    known = [each["name"] for each in operation["parameters"]]
    known += [f"{each['in']}.{each['name']}" for each in operation["parameters"]]
    known += [body["name"]] if body.get("name") else []
    known += ["body"] if body else []
    known += body.get("fields") or []
    if body.get("kind") in {"json", "form"} and not body.get("fields"):
        return []  # Its fields are not described, so every name may be one of them.
    return [f"The operation has no parameter `{name}`{guess(name, known)}" for name in names if name not in known]


def missing_names(operation: Mapping[str, JSON], names: list[str]) -> list[str]:
    """Return a sentence for each parameter that an operation needs and that is not among the names."""
    body = operation.get("body") or {}
    needed = [
        each["name"]
        for each in operation["parameters"]
        if each.get("required") and f"{each['in']}.{each['name']}" not in names
    ]
    needed += body.get("needed") or []
    found = [f"The operation needs the parameter `{name}`." for name in needed if name not in names]
    whole = body.get("name") or "body"
    if body.get("required") and not set(names) & {whole, "body", *(body.get("fields") or names)}:
        found.append(f"The operation needs a body: the parameter `{whole}`, or its fields.")
    return found


def _put(made: Request, parameter: Mapping[str, JSON], value: JSON, cookies: list[str]) -> None:
    name, style, explode = parameter["name"], parameter["style"], bool(parameter.get("explode"))
    if parameter.get("json"):
        value, style, explode = json.dumps(value, ensure_ascii=False), "simple", False
    match parameter["in"]:
        case "path":
            text = _in_path(name, value, style, explode=explode)
            if text in {"", ".", ".."}:
                raise ParametersError(f"The parameter `{name}` is part of the path and may not be empty.")
            made.uri = made.uri.replace(f"{{{name}}}", text)
        case "query":
            made.query |= _in_query(name, value, style, explode=explode)
        case "header":
            made.headers[name] = _joined(value, ",", explode=explode, write=_text)
        case _:
            cookies.append(f"{name}={_joined(value, ',', explode=False, write=_quoted)}")


def _in_query(name: str, value: JSON, style: str, *, explode: bool) -> dict[str, JSON]:
    if isinstance(value, dict):
        if style == "deepObject":
            return {f"{name}[{key}]": _several(inner) for key, inner in value.items() if inner is not None}
        if style == "form" and explode:
            return {key: _several(inner) for key, inner in value.items() if inner is not None}
    elif isinstance(value, list) and explode:
        return {name: [_text(each) for each in value]}
    return {name: _joined(value, _SEPARATORS.get(style, ","), explode=False, write=_text)}


def _in_path(name: str, value: JSON, style: str, *, explode: bool) -> str:
    if style == "label":
        return "." + _joined(value, "." if explode else ",", explode=explode, write=_quoted)
    if style != "matrix":
        return _joined(value, ",", explode=explode, write=_quoted)
    if explode and isinstance(value, list):
        return "".join(f";{name}={_quoted(each)}" for each in value)
    if explode and isinstance(value, dict):
        return ";" + _joined(value, ";", explode=True, write=_quoted)
    return f";{name}={_joined(value, ',', explode=False, write=_quoted)}"


def _joined(value: JSON, separator: str, *, explode: bool, write: Callable[[JSON], str]) -> str:
    """Write a value as one text; objects as `k=v` when exploded, else as `k,v`."""
    if isinstance(value, list):
        return separator.join(write(each) for each in value)
    if isinstance(value, dict):
        between = "=" if explode else separator
        return separator.join(f"{write(key)}{between}{write(each)}" for key, each in value.items())
    return write(value)


def _several(value: JSON) -> JSON:
    return [_text(each) for each in value] if isinstance(value, list) else _text(value)


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _quoted(value: JSON) -> str:
    """Write a value for an address; what stands for a secret stays as it is, to be found again."""
    parts = _REFERENCE.split(_text(value))
    return "".join(part if index % 2 else quote(part, safe="") for index, part in enumerate(parts))


def _put_body(made: Request, body: Mapping[str, JSON] | None, left: dict[str, JSON], known: set[str]) -> None:
    whole = next((name for name in ((body or {}).get("name"), "body") if name and name in left), None)
    if body is None or (whole is None and not left):
        if left:
            name = next(iter(left))
            raise ParametersError(f"The operation has no parameter `{name}`{guess(name, known)}")
        if body is not None and (body.get("required") or body.get("needed")):
            raise ParametersError(f"The operation needs a body: the parameter `{body.get('name') or 'body'}`.")
        return
    value = left.pop(whole) if whole is not None else left
    unknown = list(left) if whole is not None else [name for name in left if name not in (body.get("fields") or left)]
    if unknown:
        raise ParametersError(
            f"The operation has no parameter `{unknown[0]}`{guess(unknown[0], {*known, *(body.get('fields') or ())})}"
        )
    if missing := [name for name in body.get("needed") or () if not isinstance(value, dict) or name not in value]:
        raise ParametersError(f"The operation needs the parameter `{missing[0]}`.")
    made.headers["Content-Type"] = "application/json" if body["type"] == "*/*" else body["type"]
    made.body = _written(value, body["kind"])


def _written(value: JSON, kind: str) -> JSON:
    if kind == "json":
        return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else value
    if kind == "form":  # encoded when it is sent, with the secrets in it
        if not isinstance(value, dict):
            raise ParametersError("The body of a form must be an object.")
        return {name: _several(each) for name, each in value.items() if each is not None}
    return _text(value)
