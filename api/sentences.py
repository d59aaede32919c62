"""Sentences of the core, said in another language: also those with names and numbers in them.

The core speaks English, and so do logs, histories and answers to programs. The catalogue has its sentences as the
source has them, with numbered places (`tools.sentences` reads them there); a sentence is found again by what is around
its places.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from babel.messages.pofile import read_po

from api.i18n import Language, folder

_PLACE: Final = re.compile(r"\{(\d)\}")
_SENTENCES: Final = re.compile(r"(?<=[.?!]) (?=[A-Z'`])")
# What stands between such signs is the name of something.
_QUOTES: Final = ("'", "`", '"')
_BROAD: Final = 20
_ONE_PLACE: Final = 2
# A reason in a reason in a reason is told; further in, it stays as it is.
_DEEPEST: Final = 3


@dataclass(frozen=True, slots=True)
class _Template:
    """A sentence with places: what is around them, and what it is in the other language."""

    pieces: Sequence[str]
    says: str

    @property
    def is_broad(self) -> bool:
        """Whether other sentences look like it, as many do like `{1} is {2}.`."""
        return (len(self.pieces) > _ONE_PLACE or not self.pieces[0]) and len("".join(self.pieces)) < _BROAD

    def values(self, sentence: str) -> list[str] | None:
        """Return what is in the places of a sentence; None when it is another one."""
        first, *between, last = self.pieces
        if not (sentence.startswith(first) and sentence.endswith(last)):
            return None
        at, end = len(first), len(sentence) - len(last)
        values = []
        for piece in between:
            found = sentence.find(piece, at, end)
            if found < 0:
                return None
            values.append(sentence[at:found])
            at = found + len(piece)
        return [*values, sentence[at:end]] if at <= end else None


def said(sentence: str, lang: Language) -> str:
    """Return a sentence in a language; one that is not known there stays as it is."""
    return _said(sentence, lang, 0) if sentence and _templates(lang.code) else sentence


def _said(sentence: str, lang: Language, depth: int) -> str:
    if (known := lang.gettext(sentence)) != sentence or depth > _DEEPEST:
        return known
    for template in _templates(lang.code):
        if not template.is_broad and (values := template.values(sentence)) is not None:
            return _filled(template, _told(template, values, lang, depth))
    for parts, between in ((_SENTENCES.split(sentence), " "), (sentence.split(": ", 1), ": ")):
        if len(parts) > 1:
            return between.join(_said(each, lang, depth + 1) for each in parts)
    for template in _templates(lang.code):
        if template.is_broad and (values := template.values(sentence)) is not None:
            told = _told(template, values, lang, depth)
            # Several words that nothing is known of are the rest of another sentence.
            if not any(" " in value and each == value for each, value in zip(told, values, strict=True)):
                return _filled(template, told)
    return sentence


def _told(template: _Template, values: Sequence[str], lang: Language, depth: int) -> list[str]:
    """Return what is in the places, in the language where it is no name."""
    return [
        value if before.endswith(_QUOTES) and after.startswith(_QUOTES) else _said(value, lang, depth + 1)
        for before, value, after in zip(template.pieces, values, template.pieces[1:], strict=False)
    ]


def _filled(template: _Template, told: Sequence[str]) -> str:
    return _PLACE.sub(lambda place: told[int(place[1]) - 1], template.says)


@cache
def _templates(locale: str) -> list[_Template]:
    """Return the sentences with places that a language has, the most particular first."""
    with (folder / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        texts = {each.id: each.string for each in read_po(file, locale=locale) if isinstance(each.id, str)}
    found = {text: says for text, says in texts.items() if _PLACE.search(text) and isinstance(says, str) and says}
    texts_first = sorted(found, key=lambda text: -len(_PLACE.sub("", text)))
    return [_Template(_PLACE.split(text)[::2], found[text]) for text in texts_first]
