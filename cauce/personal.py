"""Personal data: which fields a definition marks with `x-personal`, and what is shown instead to who may not see it.

What is marked by its name in a form or in the input of a process is covered wherever a value stands under it, and
where the same text stands in a title or a sentence. A covered value is told from others by its number, so that a form
that comes back with it gets the value itself again, and only there where something personal belongs.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cauce.errors import InputError

JSON = Any
MARK: Final = "x-personal"
# What a bundle keeps the names under, in each form.
NAMES: Final = "personal"
_DOTS: Final = "••••"
_COVER: Final = re.compile(rf"{_DOTS}\d{{1,6}}")
_DEEPEST: Final = 40
# Shorter texts are too common to be looked for in others.
_SHORTEST: Final = 4


def names_in(*schemas: JSON) -> frozenset[str]:
    """Return the names of all properties that schemas mark as personal, at any depth."""
    return frozenset(name for schema in schemas for name in _marked(schema, 0))


def _marked(schema: JSON, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(schema, list):
        for each in schema:
            yield from _marked(each, depth + 1)
    elif isinstance(schema, Mapping):
        properties = schema.get("properties")
        for name, below in properties.items() if isinstance(properties, Mapping) else ():
            if isinstance(below, Mapping) and (below.get(MARK) is True or _items_marked(below)):
                yield name
        for each in schema.values():
            yield from _marked(each, depth + 1)


def _items_marked(schema: Mapping[str, JSON]) -> bool:
    items = schema.get("items")
    return isinstance(items, Mapping) and items.get(MARK) is True


def names_of_bundle(bundle: JSON) -> frozenset[str]:
    """Return the names that a published process covers: of its input and of its forms."""
    found = bundle if isinstance(bundle, Mapping) else {}
    given = ((found.get("document") or {}).get("input") or {}).get("schema")
    return names_in(given, *(each.get("schema") for each in (found.get("forms") or {}).values()))


def names_of_form(form: JSON) -> frozenset[str]:
    """Return the names that the form of a task covers: its own, and those of the process it is asked for by."""
    found = form if isinstance(form, Mapping) else {}
    return names_in(found.get("schema")) | frozenset(found.get(NAMES) or ())


def is_cover(value: JSON) -> bool:
    """Tell whether a value is what is shown instead of something personal."""
    return isinstance(value, str) and _COVER.fullmatch(value) is not None


@dataclass(slots=True)
class Veil:
    """Covers what stands under some names, the same value always in the same way; without names it covers nothing."""

    names: frozenset[str]
    _covers: dict[str, str] = field(default_factory=dict)

    def cover(self, *documents: JSON) -> list[JSON]:
        """Return documents without what is personal in any of them."""
        if not self.names:
            return list(documents)
        for each in documents:
            self._note(each, covered=False, depth=0)
        texts = self._texts()
        return [self._covered(each, texts, covered=False, depth=0) for each in documents]

    def cover_known(self, document: JSON) -> JSON:
        """Return a document with covers for what was covered before; what somebody has typed themselves stays."""
        return self._covered(document, [], covered=False, depth=0, typed=True) if self.names else document

    def uncover(self, answer: JSON) -> JSON:
        """Return an answer with the values themselves where it holds their covers.

        Raises:
            InputError: It holds a cover of nothing, or has one where nothing personal belongs.
        """
        originals = {cover: json.loads(text) for text, cover in self._covers.items()}
        wrong: list[str] = []
        restored = _uncovered(answer, self.names, originals, wrong, "", inside=False)
        if wrong:
            said = "What is covered can only stay where it stands."
            errors = [{"pointer": each, "problem": said} for each in wrong]
            raise InputError(said, hint="Leave the field as it is, or write the value.", errors=errors)
        return restored

    def _note(self, value: JSON, *, covered: bool, depth: int) -> None:
        for inside, below in _below(value, self.names, covered=covered, depth=depth):
            if isinstance(below, Mapping | list):
                self._note(below, covered=inside, depth=depth + 1)
            elif inside and below not in (None, "") and not is_cover(below):
                self._covers.setdefault(json.dumps(below), f"{_DOTS}{len(self._covers) + 1}")

    def _texts(self) -> list[tuple[str, str]]:
        """Return the texts to be looked for in others, the longest first."""
        known = [(json.loads(text), cover) for text, cover in self._covers.items()]
        texts = [(value, cover) for value, cover in known if isinstance(value, str) and len(value) >= _SHORTEST]
        return sorted(texts, key=lambda pair: len(pair[0]), reverse=True)

    def _covered(
        self, value: JSON, texts: list[tuple[str, str]], *, covered: bool, depth: int, typed: bool = False
    ) -> JSON:
        if depth > _DEEPEST:
            return "…"
        if isinstance(value, Mapping):
            return {
                name: self._covered(each, texts, covered=covered or name in self.names, depth=depth + 1, typed=typed)
                for name, each in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._covered(each, texts, covered=covered, depth=depth + 1, typed=typed) for each in value]
        if covered:
            bare = value if typed else _DOTS
            return value if value in (None, "") or is_cover(value) else self._covers.get(json.dumps(value), bare)
        if isinstance(value, str):
            for text, cover in texts:
                value = value.replace(text, cover)
        return value


def _below(value: JSON, names: frozenset[str], *, covered: bool, depth: int) -> Iterable[tuple[bool, JSON]]:
    if depth > _DEEPEST:
        return ()
    if isinstance(value, Mapping):
        return [(covered or name in names, each) for name, each in value.items()]
    return [(covered, each) for each in value] if isinstance(value, list | tuple) else ()


def _uncovered(
    value: JSON, names: frozenset[str], originals: Mapping[str, JSON], wrong: list[str], pointer: str, *, inside: bool
) -> JSON:
    if isinstance(value, Mapping):
        return {
            name: _uncovered(each, names, originals, wrong, f"{pointer}/{name}", inside=inside or name in names)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [
            _uncovered(each, names, originals, wrong, f"{pointer}/{index}", inside=inside)
            for index, each in enumerate(value)
        ]
    if not is_cover(value):
        return value
    if not inside or value not in originals:
        wrong.append(pointer)
    return originals.get(value)
