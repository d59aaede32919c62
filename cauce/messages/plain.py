"""HTML as blocks of text, and the other way round: for the text beside a mail, and for paper."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from typing import Final

_BLOCKS: Final = frozenset(
    {"p", "div", "h1", "h2", "h3", "li", "td", "th", "ul", "ol", "table", "tr", "hr", "blockquote"}
)
_INLINE: Final = {"b": "b", "strong": "b", "i": "i", "em": "i", "u": "u"}
_UNSEEN: Final = frozenset({"script", "style", "head", "title"})


@dataclass(slots=True)
class Block:
    """One block: `kind` is its element (p, h1, li, td …), `markup` its text with b, i, u and br alone."""

    kind: str
    markup: str
    text: str
    row: int = 0
    number: int = 0


@dataclass(slots=True)
class _Open:
    markup: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    """Collects the blocks of a document; what it does not know counts as text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._now, self._kind = _Open(), "p"
        self._unseen = 0
        self._rows = 0
        self._lists: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "br":
            self._now.markup.append("<br/>")
            self._now.text.append("\n")
        elif tag in _BLOCKS:
            self._begin(tag)
        elif tag in _INLINE:
            self._now.inline.append(_INLINE[tag])
            self._now.markup.append(f"<{_INLINE[tag]}>")
        elif tag == "a":
            address = dict(attrs).get("href")
            self._now.inline.append(f"a:{address or ''}")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in _BLOCKS:
            self._end()
            if tag in ("ul", "ol") and self._lists:
                self._lists.pop()
        elif tag == "a" and self._now.inline and self._now.inline[-1].startswith("a:"):
            address = self._now.inline.pop()[2:]
            # On paper and in plain text the address is all there is of a link.
            if address and address not in "".join(self._now.text):
                self.handle_data(f" ({address})")
        elif tag in _INLINE and self._now.inline and self._now.inline[-1] == _INLINE[tag]:
            self._now.markup.append(f"</{self._now.inline.pop()}>")

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        # White space in HTML is a space.
        flat = " ".join(data.split())
        text = f"{' ' if data[:1].isspace() else ''}{flat}{' ' if flat and data[-1:].isspace() else ''}"
        self._now.markup.append(escape(text))
        self._now.text.append(text)

    def _begin(self, tag: str) -> None:
        self._end()
        self._kind = tag
        if tag == "tr":
            self._rows += 1
        elif tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else -1)
        elif tag == "hr":
            self.blocks.append(Block("hr", "", ""))
        elif tag == "li" and self._lists and self._lists[-1] >= 0:
            self._lists[-1] += 1

    def _end(self) -> None:
        text = "".join(self._now.text).strip()
        if text or self._kind in ("td", "th"):
            closing = "".join(f"</{each}>" for each in reversed(self._now.inline) if not each.startswith("a:"))
            kind = self._kind if self._kind in ("h1", "h2", "h3", "li", "td", "th") else "p"
            number = self._lists[-1] if kind == "li" and self._lists else 0
            row = self._rows if kind in ("td", "th") else 0
            self.blocks.append(Block(kind, "".join(self._now.markup).strip() + closing, text, row, max(number, 0)))
        self._now, self._kind = _Open(), "p"


def blocks(html: str) -> list[Block]:
    """Return the blocks of a document in their order."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.handle_endtag("p")
    return reader.blocks


def of_text(text: str) -> list[Block]:
    """Return the paragraphs of a plain text."""
    parts = [part.strip("\n") for part in text.replace("\r\n", "\n").split("\n\n")]
    return [Block("p", escape(part).replace("\n", "<br/>"), part) for part in parts if part.strip()]


def as_text(html: str) -> str:
    """Return what an HTML document says, as plain text."""
    return "".join(_written(blocks(html))).strip() + "\n"


def as_html(text: str) -> str:
    """Return a plain text as HTML."""
    return "\n".join(f"<p>{block.markup}</p>" for block in of_text(text))


def _written(found: list[Block]) -> Iterator[str]:
    row = 0
    for block in found:
        if block.row:
            yield ("\t" if block.row == row else "\n") + block.text
        elif block.kind == "li":
            yield f"\n{f'{block.number}.' if block.number else '-'} {block.text}"
        elif block.kind == "hr":
            yield "\n\n----"
        else:
            yield f"\n\n{block.text}"
        row = block.row
