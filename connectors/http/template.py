"""Fills `GET /path/{id}` from parameters: what the path does not take becomes the query or the body."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from cauce.connector import JSON
from cauce.errors import PermanentError

_calls = re.compile(r"(?P<method>GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)\s+(?P<path>/\S*)")
_place = re.compile(r"\{(\w+)\}")
_shape = frozenset({"path", "query", "headers", "body"})
_bodiless = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Filled:
    """A request's parts, with every parameter in its place."""

    method: str
    path: str
    query: Mapping[str, JSON] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: JSON = None


def fill(calls: str, params: JSON, where: str) -> Filled:
    """Return the request that `calls` and the parameters make.

    Parameters of the shape `{path, query, headers, body}` (any of them, nothing else) say themselves where they go.
    """
    matched = _calls.fullmatch(calls.strip())
    if matched is None:
        raise PermanentError(
            f"{calls!r} is not an HTTP call.", hint="Write it as GET /path/{id}.", where=f"{where}: calls"
        )
    method, template = matched["method"], matched["path"]
    if _is_explicit(params):
        path = _fill_path(template, params.get("path") or {}, f"{where}: path")
        headers = {name: str(value) for name, value in (params.get("headers") or {}).items()}
        return Filled(method, path, params.get("query") or {}, headers, params.get("body"))
    if not isinstance(params, Mapping):
        if params is not None and method in _bodiless:
            raise PermanentError(f"{method} takes an object of parameters.", hint="Change `request`.", where=where)
        return Filled(method, _fill_path(template, {}, where), body=params)
    path = _fill_path(template, params, where)
    taken = set(_place.findall(template))
    rest = {name: value for name, value in params.items() if name not in taken}
    if method in _bodiless:
        return Filled(method, path, query=rest)
    return Filled(method, path, body=rest)


def _is_explicit(params: JSON) -> bool:
    if not isinstance(params, Mapping) or not params or not set(params) <= _shape:
        return False
    return all(isinstance(params.get(part, {}), Mapping | None) for part in ("path", "query", "headers"))


def _fill_path(template: str, values: Mapping[str, JSON], where: str) -> str:
    def put(match: re.Match[str]) -> str:
        value = values.get(match[1])
        # "." and ".." would be folded away by whoever reads the path, and so reach another resource.
        if isinstance(value, bool) or not isinstance(value, str | int | float) or str(value) in {"", ".", ".."}:
            raise PermanentError(
                f"The path needs {match[1]!r}, a text or a number that is not empty.",
                hint=f"Give it in `request` as {match[1]}.",
                where=f"{where}.{match[1]}",
                remote_code="params",
            )
        return quote(str(value), safe="")

    return _place.sub(put, template)
