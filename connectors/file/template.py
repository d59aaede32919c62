"""Reads `calls` of an operation, and fills its `{places}` from parameters."""

import glob
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast

from cauce.connection import did_you_mean
from cauce.connector import JSON, Effect
from cauce.errors import PermanentError

Verb = Literal["list", "read", "write", "move"]
_calls: Final = re.compile(r"(list|read|write) (\S.*)|(move) (\S.*?) to (\S.*)")
_place: Final = re.compile(r"\{(\w+)\}")
_wild: Final = re.compile(r"[*?\[]")
_unprintable: Final = re.compile(r"[\x00-\x1f\x7f\\/\ud800-\udfff]")
_longest_name: Final = 255
_effects: Final[Mapping[Verb, Effect]] = {"list": "read", "read": "read", "write": "write", "move": "write"}
_options: Final[Mapping[Verb, frozenset[str]]] = {
    "list": frozenset(),
    "read": frozenset({"after", "max_rows", "bad_rows"}),
    "write": frozenset({"rows", "replace"}),
    "move": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Target:
    """A file, or with `wild` the files of a pattern, in a folder below that of the connection."""

    folder: tuple[str, ...]
    name: str
    wild: bool = False

    @property
    def path(self) -> str:
        """Return it as a path, for messages."""
        return "/".join((*self.folder, self.name))


@dataclass(frozen=True, slots=True)
class Call:
    """What is to be done: with which file, and for `move` what it becomes."""

    verb: Verb
    target: Target
    options: Mapping[str, JSON]
    becomes: Target | None = None


def fill(calls: str, effect: Effect, params: JSON, where: str) -> Call:
    """Return the call that `calls` and the parameters make."""
    matched = _calls.fullmatch(calls.strip())
    if matched is None:
        raise PermanentError(
            f"{calls!r} is no call of files.",
            hint="Write it as list *.csv, read orders-*.csv, write {name}, or move {name} to archive/.",
            where=f"{where}: calls",
            remote_code="params",
        )
    verb = cast("Verb", matched[1] or matched[3])
    if effect != _effects[verb]:
        raise PermanentError(
            f"The operation has effect: {effect}, and {verb} is a {_effects[verb]}.",
            hint=f"Write effect: {_effects[verb]}.",
            where=f"{where}: effect",
            remote_code="params",
        )
    given: Mapping[str, JSON] = {} if params is None else params
    if not isinstance(given, Mapping):
        raise PermanentError(
            f"{verb} takes an object of parameters.", hint="Change `request`.", where=where, remote_code="params"
        )
    text = matched[2] or matched[4]
    _check_names(verb, calls, given, where)
    target = _target(text, given, where, may_be_wild=verb in {"list", "read"})
    becomes = None
    if verb == "move":
        # A folder takes the file under the name that it has.
        into = matched[5].endswith("/")
        becomes = _target(matched[5] + ("x" if into else ""), given, where)
        becomes = Target(becomes.folder, target.name) if into else becomes
    return Call(verb, target, given, becomes)


def _check_names(verb: Verb, calls: str, given: Mapping[str, JSON], where: str) -> None:
    # `list` is asked by `find` with what a write was given, and takes what it knows of it.
    known = {*_options[verb], *_place.findall(calls)}
    for name in given:
        if verb != "list" and name not in known:
            raise PermanentError(
                f"{verb} has no parameter {name!r}.",
                hint=did_you_mean(str(name), known),
                where=f"{where}.{name}",
                remote_code="params",
            )


def _target(text: str, given: Mapping[str, JSON], where: str, *, may_be_wild: bool = False) -> Target:
    *folder, name = text.split("/")
    wild = may_be_wild and _wild.search(_place.sub("", name)) is not None
    parts = [_filled(part, given, where) for part in folder]
    filled = _filled(name, given, where, escape=wild)
    for part in (*parts, filled):
        if part in {"", ".", ".."} or _unprintable.search(part) or len(part.encode()) > _longest_name:
            raise PermanentError(
                "This is not the name of a file in the connection's folder.",
                hint="Write it without /, \\ or .. at the beginning, and with folders as in/orders.csv.",
                where=f"{where}: calls",
                remote_code="params",
            )
    return Target(tuple(parts), filled, wild)


def _filled(part: str, given: Mapping[str, JSON], where: str, *, escape: bool = False) -> str:
    def put(match: re.Match[str]) -> str:
        value = given.get(match[1])
        text = str(value)
        usable = not isinstance(value, bool) and isinstance(value, str | int)
        if not usable or text in {"", ".", ".."} or _unprintable.search(text):
            raise PermanentError(
                f"The name of the file needs {match[1]!r}, a text without / or a whole number.",
                hint=f"Give it in `request` as {match[1]}.",
                where=f"{where}.{match[1]}",
                remote_code="params",
            )
        return glob.escape(text) if escape else text

    return _place.sub(put, part)
