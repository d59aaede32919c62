"""PDF: the page that reports and letters share, and letters made of messages."""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import as_file, files
from io import BytesIO
from itertools import groupby
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont, registerFontFamily
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import HRFlowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from cauce.errors import TemplateError
from cauce.messages.plain import Block, blocks, of_text
from cauce.messages.rendering import Message

LINE: Final[Color] = HexColor("#c8ced6")
_SIZES: Final = {"h1": 15, "h2": 12.5, "h3": 11}
_WIDTH: Final = A4[0] - 36 * mm
_MOST_BLOCKS: Final = 5_000
_PAGE: Final = {"en": "Page", "es": "Página"}


def document(title: str, content: Sequence[Any], language: str = "en") -> bytes:
    """Return a PDF with a page number on each page; the same content is the same document, byte by byte."""
    buffer = BytesIO()
    made = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=18 * mm,
        bottomMargin=20 * mm,
        title=title,
        author="Cauce",
        lang=language,
        invariant=1,
    )

    def foot(canvas: Any, _: Any) -> None:  # noqa: ANN401 - reportlab's, which has no types
        canvas.saveState()
        canvas.setFont("Cauce", 8)
        canvas.setFillColor(HexColor("#5b6472"))
        canvas.drawString(18 * mm, 11 * mm, drawable(title))
        canvas.drawRightString(A4[0] - 18 * mm, 11 * mm, f"{_PAGE[language]} {canvas.getPageNumber()}")
        canvas.restoreState()

    fonts()
    made.build(list(content), onFirstPage=foot, onLaterPages=foot)
    return buffer.getvalue()


def pdf(message: Message) -> bytes:
    """Return a message as a letter."""
    found = of_text(message.text) if message.html is None else blocks(message.html)
    if len(found) > _MOST_BLOCKS:
        problem = f"The letter '{message.subject[:80]}' has more than {_MOST_BLOCKS:,} paragraphs."
        raise TemplateError(problem, hint="Give its template less data.")
    return document(message.subject, list(_content(found)), message.language)


def text(said: str, size: float, *, bold: bool = False, colour: str = "#1b2430") -> Paragraph:
    """Return plain text as a paragraph."""
    return _paragraph(escape(drawable(said)), size, bold=bold, colour=colour)


@cache
def fonts() -> dict[str, TTFont]:
    """Register the letters that come with the library, which are more than a PDF reader has of its own."""
    made = {}
    styles = (("Cauce", "Vera"), ("CauceBold", "VeraBd"), ("CauceItalic", "VeraIt"), ("CauceBoldItalic", "VeraBI"))
    for name, file in styles:
        with as_file(files("reportlab") / "fonts" / f"{file}.ttf") as path:
            made[name] = TTFont(name, str(path))
        registerFont(made[name])
    registerFontFamily("Cauce", *made)
    return made


def drawable(said: str) -> str:
    """Return text with a question mark for each letter that the font does not have."""
    known = fonts()["Cauce"].face.charToGlyph
    return "".join(each if ord(each) in known else "?" for each in said)


def _content(found: Sequence[Block]) -> Iterator[Any]:
    for row, group in groupby(found, key=lambda each: bool(each.row)):
        if row:
            yield _table(list(group))
            yield Spacer(1, 3 * mm)
            continue
        for block in group:
            if block.kind == "hr":
                yield HRFlowable(width="100%", color=LINE, spaceBefore=2 * mm, spaceAfter=3 * mm)
                continue
            sign = "" if block.kind != "li" else f"{block.number}. " if block.number else "• "
            size = _SIZES.get(block.kind, 10)
            yield _paragraph(sign + drawable(block.markup), size, bold=block.kind in _SIZES, after=0 if sign else 2.4)


def _table(cells: Sequence[Block]) -> Table:
    rows = [
        [_paragraph(drawable(each.markup), 9, bold=each.kind == "th") for each in row]
        for _, row in groupby(cells, key=lambda each: each.row)
    ]
    columns = max(len(row) for row in rows)
    rows = [row + [""] * (columns - len(row)) for row in rows]
    style = TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE)])
    return Table(rows, colWidths=[_WIDTH / columns] * columns, style=style)


def _paragraph(markup: str, size: float, *, bold: bool = False, colour: str = "#1b2430", after: float = 0) -> Paragraph:
    style = ParagraphStyle(
        "",
        fontName="CauceBold" if bold else "Cauce",
        fontSize=size,
        leading=size * 1.35,
        textColor=HexColor(colour),
        spaceAfter=after * mm,
    )
    return Paragraph(markup, style)
