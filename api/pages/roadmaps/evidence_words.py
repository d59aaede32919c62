"""What is said of a piece of evidence, in the language of the reader; what was kept as text only is shown as it is."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Request

from api.i18n import Language
from api.pages import view
from cauce.evidence_words import SENTENCES, filled

JSON = Any


def evidence_word(request: Request) -> Callable[[Mapping[str, JSON]], str]:
    """Return what says a piece of evidence in the language of a request."""
    language = view.language_of(request)
    return lambda piece: sentence(language, piece)


def sentence(language: Language, piece: Mapping[str, JSON]) -> str:
    """Return what is said of a piece of evidence."""
    known = SENTENCES.get(piece.get("code") or "")
    if known is None:
        return str(piece["text"])
    values = piece.get("values") or {}
    return filled(language.gettext(known), {name: _shown(language, value) for name, value in values.items()})


def _shown(language: Language, value: JSON) -> str:
    if isinstance(value, Mapping):
        return language.label(value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, int | float):
        return language.number(value)
    # A reason is a sentence of its own, which the catalogue may have.
    return language.gettext(value) if value else ""
