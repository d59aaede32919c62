"""A certification as a document to print and to sign: PDF."""

from collections.abc import Iterator
from datetime import UTC
from functools import cache
from importlib.resources import as_file, files
from io import BytesIO
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from cauce.services.certificates import Certificate, CertificationReport

_words: Final = {"passed": "passed", "failed": "FAILED", "warning": "mind", "skipped": "not tried"}
_states: Final = {
    "certified": "Certified",
    "failed": "Not certified: something failed",
    "outdated": "Certified once, and changed since",
    "never": "Not certified",
}
_colours: Final = {"passed": "#1a7f37", "failed": "#b42318", "warning": "#8a5a00", "skipped": "#5b6472"}
_line: Final[Color] = HexColor("#c8ced6")
_widths: Final = (34 * mm, 24 * mm, 18 * mm, 93.7 * mm)


def pdf(report: CertificationReport) -> bytes:
    """Return the report as a PDF with a page number on each page."""
    buffer = BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=18 * mm,
        bottomMargin=20 * mm,
        title=f"Certification of {report.connection}",
        author="Cauce",
        # The same report is the same document, byte by byte.
        invariant=1,
    )
    _fonts()
    document.build(list(_content(report)), onFirstPage=_foot, onLaterPages=_foot)
    return buffer.getvalue()


def _content(report: CertificationReport) -> Iterator[Any]:
    yield _text(f"Certification of the connection {report.connection}", 16, bold=True)
    yield Spacer(1, 3 * mm)
    yield _text(f"Version {report.version} is published now.", 10)
    if not report.certificates:
        yield _text("It implements no capability.", 10)
    for each in report.certificates:
        yield Spacer(1, 6 * mm)
        yield _text(each.capability, 13, bold=True)
        yield _text(_verdict(each), 10)
        if each.checks:
            yield Spacer(1, 2 * mm)
            yield _table(each)


def _verdict(certificate: Certificate) -> str:
    if certificate.at is None:
        return f"{_states[certificate.state]}."
    when = f"{certificate.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"{_states[certificate.state]}: version {certificate.version}, {when}, by {certificate.by}."


def _table(certificate: Certificate) -> Table:
    rows = [[_text(head, 8, bold=True) for head in ("Operation", "Check", "Result", "What happened")]]
    rows += [
        [
            _text(each.operation, 8),
            _text(each.name, 8),
            _text(_words[each.result], 8, bold=each.result == "failed", colour=_colours[each.result]),
            _text(each.sentence, 8),
        ]
        for each in certificate.checks
    ]
    whole, first = ((0, 0), (-1, -1)), ((0, 0), (0, -1))
    commands = [("VALIGN", *whole, "TOP"), ("LINEBELOW", *whole, 0.4, _line), ("LEFTPADDING", *first, 0)]
    return Table(rows, colWidths=_widths, repeatRows=1, style=TableStyle(commands))


def _text(text: str, size: int, *, bold: bool = False, colour: str = "#1b2430") -> Paragraph:
    font = "CauceBold" if bold else "Cauce"
    style = ParagraphStyle("", fontName=font, fontSize=size, leading=size * 1.35, textColor=HexColor(colour))
    return Paragraph(escape(_drawable(text)), style)


@cache
def _fonts() -> dict[str, TTFont]:
    """Register the letters that come with the library, which are more than a PDF reader has of its own."""
    made = {}
    for name, file in (("Cauce", "Vera.ttf"), ("CauceBold", "VeraBd.ttf")):
        with as_file(files("reportlab") / "fonts" / file) as path:
            made[name] = TTFont(name, str(path))
        registerFont(made[name])
    return made


def _drawable(text: str) -> str:
    """Return text with a question mark for each letter that the font does not have."""
    known = _fonts()["Cauce"].face.charToGlyph
    return "".join(each if ord(each) in known else "?" for each in text)


def _foot(canvas: Any, document: Any) -> None:  # noqa: ANN401 - reportlab's, which has no types
    canvas.saveState()
    canvas.setFont("Cauce", 8)
    canvas.setFillColor(HexColor("#5b6472"))
    canvas.drawString(18 * mm, 11 * mm, document.title)
    canvas.drawRightString(A4[0] - 18 * mm, 11 * mm, f"Page {canvas.getPageNumber()}")
    canvas.restoreState()
