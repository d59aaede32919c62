"""Masks an exchange before it is kept: credentials are taken out, personal data is replaced by something of its shape.

A value has the same mask wherever it stands, so what belongs together still does. What has been masked is listed in the
exchange, and stays as it is when it is masked once more.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from cauce.depth import check_depth
from cauce.errors import CauceError
from cauce.recording.masks import Masks, removed
from cauce.recording.rules import Rules, is_credential
from cauce.recording.walking import Path, Walker

JSON = Any
_rounds: Final = 6
# Shorter values are too common to be looked for in other texts.
_shortest_swept: Final = 4


class Masker:
    """Masks the exchanges of one connection, with its rules and the secrets of its settings."""

    def __init__(self, key: bytes, rules: Rules, secrets: Sequence[str] = ()) -> None:
        self.masks = Masks(key)
        self.rules = rules
        usable = {each for each in secrets if each.strip() and each not in removed}
        written = {*usable, *(quote(each, safe="") for each in usable), *(json.dumps(each)[1:-1] for each in usable)}
        self.secrets = sorted(written, key=len, reverse=True)

    def exchange(self, given: Mapping[str, JSON]) -> dict[str, JSON]:
        """Return the exchange as it may be kept, with the list of its masks.

        Raises:
            CauceError: It cannot be masked, and must not be kept.
        """
        check_depth(given, "exchange")
        known = frozenset(given.get("masked") or ())
        document = {name: value for name, value in given.items() if name != "masked"}
        for _ in range(_rounds):
            one = _Round(self, known)
            changed = one.document(document)
            known |= one.made
            if changed == document:
                return {**changed, "masked": sorted(known)} if known else changed
            document = changed
        raise CauceError("An exchange cannot be masked: each mask makes something new that has to be masked.")

    def clean(self, text: str) -> str:
        """Return a text without the secrets."""
        for secret in self.secrets:
            text = text.replace(secret, removed)
        return text


@dataclass(slots=True)
class _Round:
    """One pass over an exchange: what the rules say, then the same values wherever else they stand."""

    masker: Masker
    known: frozenset[str]
    originals: dict[str, str] = field(default_factory=dict)

    @property
    def made(self) -> frozenset[str]:
        return frozenset(self.originals.values())

    def document(self, given: Mapping[str, JSON]) -> dict[str, JSON]:
        ruled = Walker(self._leaf, self._text, self._text).exchange(given)
        if not self.originals:
            return ruled
        swept = sorted((each for each in self.originals if len(each) >= _shortest_swept), key=len, reverse=True)
        return Walker(*(partial(each, swept) for each in (self._swept, self._sweep, self._segment))).exchange(ruled)

    def _leaf(self, value: JSON, path: Path) -> JSON:
        text = _plain(value)
        if any(map(is_credential, path)) or text in self.masker.secrets:
            return removed
        if text in self.known:
            return value
        rules = self.masker.rules
        if any(rules.covers(path[: end + 1]) for end in range(len(path))):
            return self._masked(value)
        if isinstance(value, str):
            return self._text(value)
        return self._masked(value) if isinstance(value, int) and rules.spans(text) == [(0, len(text))] else value

    def _text(self, given: str) -> str:
        """Return a text without secrets, and with masks for the parts that the rules find."""
        text = self.masker.clean(given)
        if text in self.known:
            return text
        parts: list[str] = []
        end = 0
        for start, until in self.masker.rules.spans(text):
            found = text[start:until]
            parts += [text[end:start], found if found in self.known else self._masked(found)]
            end = until
        return "".join([*parts, text[end:]])

    def _masked(self, value: JSON) -> JSON:
        masks = self.masker.masks
        if isinstance(value, str):
            made: JSON = masks.text(self.masker.clean(value))
        else:
            made = masks.integer(value) if isinstance(value, int) else masks.number(value)
        if _plain(made) != _plain(value):
            self.originals[_plain(value)] = _plain(made)
        return made

    def _swept(self, originals: Sequence[str], value: JSON, path: Path) -> JSON:
        del path
        if isinstance(value, str):
            return self._sweep(originals, value)
        text = _plain(value)
        return type(value)(self.originals[text]) if text in originals and text not in self.made else value

    def _sweep(self, originals: Sequence[str], text: str) -> str:
        if text in self.known or text in self.made:
            return text
        for each in originals:
            if each in text:
                text = text.replace(each, self.originals[each])
        return text

    def _segment(self, originals: Sequence[str], text: str) -> str:
        """Return a part of an address: there, a short value is told from the others as well."""
        masked = text in self.known or text in self.made
        return text if masked else self.originals.get(text) or self._sweep(originals, text)


def _plain(value: JSON) -> str:
    return value if isinstance(value, str) else str(value)
