"""Goes through all that an exchange holds, down to the texts in bodies and addresses, and changes what it is told."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from cauce.recording import xml_text

JSON = Any
Path = tuple[str, ...]
_form: Final = "application/x-www-form-urlencoded"
# What our own machinery writes: no data of anybody.
_ours: Final = frozenset({"operation", "at", "tookMs", "method", "status"})


@dataclass(frozen=True, slots=True)
class Walker:
    """What is done to a leaf at its path of names, to a name, and to a part of an address."""

    leaf: Callable[[JSON, Path], JSON]
    name: Callable[[str], str]
    segment: Callable[[str], str]

    def exchange(self, given: Mapping[str, JSON]) -> dict[str, JSON]:
        """Return an exchange with everything in it changed."""
        changed: dict[str, JSON] = {}
        for key, value in given.items():
            if key == "wire":
                changed[key] = [{side: self._side(side, held) for side, held in each.items()} for each in value]
            else:
                changed[key] = value if key in _ours else self.data(value)
        return changed

    def data(self, value: JSON, path: Path = ()) -> JSON:
        """Return data with its leaves and names changed."""
        match value:
            case dict():
                return {self.name(key): self.data(each, (*path, key)) for key, each in value.items()}
            case list():
                return [self.data(each, path) for each in value]
            case None | bool():
                return value
            case str():
                inner = self._document(value, path)
                return self.leaf(value, path) if inner is None else inner
            case _:
                return self.leaf(value, path)

    def _side(self, side: str, held: JSON) -> JSON:
        if side == "tookMs" or not isinstance(held, Mapping):
            return held
        kind = str((held.get("headers") or {}).get("content-type", ""))
        changed: dict[str, JSON] = {}
        for key, value in held.items():
            if key == "path":
                changed[key] = self._address(value)
            elif key == "headers":
                changed[key] = {
                    name: self._address(each) if name == "location" else self.leaf(each, ())
                    for name, each in value.items()
                }
            elif key == "body":
                changed[key] = self._body(value, kind)
            else:
                changed[key] = value if key in _ours else self.data(value)
        return changed

    def _body(self, body: JSON, kind: str) -> JSON:
        if body is None or "base64" in body:
            return body
        if "json" in body:
            return {"json": self.data(body["json"])}
        text = body["text"]
        if kind.partition(";")[0].strip().lower() == _form:
            return {"text": self._pairs(text)}
        inner = self._document(text, ())
        if inner is not None:
            return {"text": inner}
        # What says that it is XML or JSON and is not may hold anything anywhere: no rule by name would find it.
        return None if "xml" in kind or "json" in kind else {"text": self.leaf(text, ())}

    def _document(self, text: str, path: Path) -> str | None:
        """Return a text that is a document of its own, changed; None when it is none."""
        head = text.lstrip("\ufeff \t\r\n")[:1]
        if head == "<":
            return xml_text.change(text, path, self.leaf)
        if head not in ("{", "["):
            return None
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return None
        changed = self.data(data, path)
        return text if changed == data else json.dumps(changed, ensure_ascii=False)

    def _address(self, address: str) -> str:
        parts = urlsplit(address)
        path = "/".join(_kept(each, self.segment(unquote(each))) for each in parts.path.split("/"))
        return parts._replace(path=path, query=self._pairs(parts.query)).geturl()

    def _pairs(self, text: str) -> str:
        pairs = parse_qsl(text, keep_blank_values=True)
        changed = [(name, self.leaf(value, (name,)) if value else value) for name, value in pairs]
        return text if changed == pairs else urlencode(changed)


def _kept(written: str, changed: str) -> str:
    return written if unquote(written) == changed else quote(changed, safe="")
