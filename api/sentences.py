"""Sentences of the core, said in another language: also those with names and numbers in them.

The core speaks English, and so do logs, histories and answers to programs. The catalogue has its sentences as the
source has them, with numbered places (`tools.sentences` reads them there); a sentence is found again by what is around
its places.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Final

from babel.messages.mofile import read_mo

from api.i18n import Language, compiled

_PLACE: Final = re.compile(r"\{(\d)\}")
_SENTENCES: Final = re.compile(r"(?<=[.?!]) (?=[A-Z'`])")
# What stands between such signs is the name of something.
_QUOTES: Final = ("'", "`", '"')
# What a template has around its places is long, or it is tried last.
_BROAD: Final = 17
_ONE_PLACE: Final = 2
# A reason in a reason in a reason is told; further in, it stays as it is.
_DEEPEST: Final = 5
# Nobody says more than that at once; what systems outside answer may be longer, and stays as it is.
_LONGEST: Final = 3_000
_MOST_SENTENCES: Final = 6
# Templates are looked for by the letters that they begin with.
_START: Final = 4


@dataclass(frozen=True, slots=True)
class _Template:
    """A sentence with places: what is around them, and what it is in the other language."""

    first: str
    between: Sequence[str]
    last: str
    says: str

    @property
    def is_broad(self) -> bool:
        """Whether other sentences look like it, as many do like `{1} is {2}.`."""
        known = len(self.first) + len(self.last) + sum(map(len, self.between))
        return (bool(self.between) or not self.first) and known < _BROAD

    def values(self, sentence: str) -> list[str] | None:
        """Return what is in the places of a sentence that begins and ends so; None when it is another one."""
        at, end = len(self.first), len(sentence) - len(self.last)
        values = []
        for piece in self.between:
            found = sentence.find(piece, at, end)
            if found < 0:
                return None
            values.append(sentence[at:found])
            at = found + len(piece)
        return [*values, sentence[at:end]] if at <= end else None


# The templates of a language by their beginning, the most particular first; those that begin with a place are at "".
_Book = Mapping[str, Sequence[_Template]]


def said(sentence: str, lang: Language) -> str:
    """Return a sentence in a language; one that is not known there stays as it is."""
    narrow, _ = _books(lang.code)
    return _said(sentence, lang, 0) if sentence and narrow and len(sentence) <= _LONGEST else sentence


def _said(sentence: str, lang: Language, depth: int) -> str:
    if (known := lang.gettext(sentence)) != sentence or depth > _DEEPEST:
        return known
    narrow, broad = _books(lang.code)
    for template, values in _fitting(sentence, narrow):
        return _filled(template, _told(template, values, lang, depth))
    if len(parts := _SENTENCES.split(sentence, _MOST_SENTENCES)) > 1:
        return " ".join(_said(each, lang, depth + 1) for each in parts)
    for template, values in _fitting(sentence, broad):
        told = _told(template, values, lang, depth)
        # Several words that nothing is known of are the rest of another sentence.
        if not any(" " in value and each == value for each, value in zip(told, values, strict=True)):
            return _filled(template, told)
    if ": " in sentence:
        return ": ".join(_said(each, lang, depth + 1) for each in sentence.split(": ", 1))
    return sentence


def _fitting(sentence: str, book: _Book) -> Iterator[tuple[_Template, list[str]]]:
    """Yield the templates that a sentence fits, with what is in their places."""
    for start in (sentence[:_START], ""):
        for template in book.get(start, ()):
            if sentence.startswith(template.first) and sentence.endswith(template.last):
                values = template.values(sentence)
                if values is not None:
                    yield template, values


def _told(template: _Template, values: Sequence[str], lang: Language, depth: int) -> list[str]:
    """Return what is in the places, in the language where it is no name."""
    pieces = [template.first, *template.between, template.last]
    return [
        value if before.endswith(_QUOTES) and after.startswith(_QUOTES) else _said(value, lang, depth + 1)
        for before, value, after in zip(pieces, values, pieces[1:], strict=False)
    ]


def _filled(template: _Template, told: Sequence[str]) -> str:
    return _PLACE.sub(lambda place: told[int(place[1]) - 1], template.says)


@cache
def _books(locale: str) -> tuple[_Book, _Book]:
    """Return the sentences with places that a language has: the narrow ones, and those that others look like."""
    texts = {each.id: each.string for each in read_mo(BytesIO(compiled(locale))) if isinstance(each.id, str)}
    found = {text: says for text, says in texts.items() if _PLACE.search(text) and isinstance(says, str) and says}
    narrow: dict[str, list[_Template]] = {}
    broad: dict[str, list[_Template]] = {}
    for text in sorted(found, key=lambda each: -len(_PLACE.sub("", each))):
        first, *between, last = _PLACE.split(text)[::2]
        template = _Template(first, between, last, found[text])
        start = first[:_START] if len(first) >= _START else ""
        (broad if template.is_broad else narrow).setdefault(start, []).append(template)
    return narrow, broad
