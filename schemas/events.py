"""Reads YAML text as events: with libyaml, which is fast, and with a parser of YAML 1.2 whatever that one refuses.

libyaml knows YAML 1.1. Where the two might read the same text differently (line breaks, tabs, names of anchors) it is
not asked, and what it does not accept is read again by the slower parser, which says best what is wrong.
"""

import re
from collections.abc import Iterator
from typing import Final

import yaml
from ruamel.yaml import YAML
from yaml.events import Event

# Breaks of lines in YAML 1.1 only; tabs and byte order marks in odd places; anchors with signs in their names.
_READ_OTHERWISE: Final = re.compile(r"[\t\x85\u2028\u2029\ufeff]|(?:^|[\s\[{,:?-])[&*][\w-]*[^\w\s\[\]{},-]")
_PROPERTIES: Final = ("anchor", "tag", "value", "style", "start_mark", "end_mark")


class NotReadError(Exception):
    """The fast parser does not accept the text, or not as YAML 1.2 would."""


def fast(text: str) -> Iterator[Event]:
    """Yield the events of a stream; raises `NotReadError`, perhaps after some of them."""
    if _READ_OTHERWISE.search(text) or not yaml.__with_libyaml__:
        raise NotReadError
    try:
        yield from yaml.parse(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeError) as error:
        raise NotReadError from error


def thorough(text: str) -> Iterator[Event]:
    """Yield the events of a stream by the rules of YAML 1.2; raises the `YAMLError` of ruamel."""
    for event in YAML(typ="safe", pure=True).parse(text):
        # The libraries have a common ancestor: their events have the same names and properties.
        kind: type[Event] = getattr(yaml.events, type(event).__name__)
        same = kind.__new__(kind)
        for name in _PROPERTIES:
            if hasattr(event, name):
                setattr(same, name, getattr(event, name))
        yield same


def start_of(event: Event) -> tuple[int, int]:
    """Return the line and column where an event starts, from 0."""
    mark = event.start_mark
    return (mark.line, mark.column) if mark else (0, 0)
