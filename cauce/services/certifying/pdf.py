"""A certification as a document to print and to sign: PDF."""

from collections.abc import Iterator
from datetime import UTC
from typing import Any, Final

from reportlab.lib.units import mm
from reportlab.platypus import Spacer, Table, TableStyle

from cauce.messages.paper import LINE, document, text
from cauce.services.certificates import Certificate, CertificationReport

_words: Final = {"passed": "passed", "failed": "FAILED", "warning": "mind", "skipped": "not tried"}
_states: Final = {
    "certified": "Certified",
    "failed": "Not certified: something failed",
    "outdated": "Certified once, and changed since",
    "never": "Not certified",
}
_colours: Final = {"passed": "#1a7f37", "failed": "#b42318", "warning": "#8a5a00", "skipped": "#5b6472"}
_widths: Final = (34 * mm, 24 * mm, 18 * mm, 93.7 * mm)


def pdf(report: CertificationReport) -> bytes:
    """Return the report as a PDF with a page number on each page."""
    return document(f"Certification of the connection {report.connection}", list(_content(report)))


def _content(report: CertificationReport) -> Iterator[Any]:
    yield text(f"Certification of the connection {report.connection}", 16, bold=True)
    yield Spacer(1, 3 * mm)
    yield text(f"Version {report.version} is published now.", 10)
    if not report.certificates:
        yield text("It implements no capability.", 10)
    for each in report.certificates:
        yield Spacer(1, 6 * mm)
        yield text(each.capability, 13, bold=True)
        yield text(_verdict(each), 10)
        if each.checks:
            yield Spacer(1, 2 * mm)
            yield _table(each)


def _verdict(certificate: Certificate) -> str:
    if certificate.at is None:
        return f"{_states[certificate.state]}."
    when = f"{certificate.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"{_states[certificate.state]}: version {certificate.version}, {when}, by {certificate.by}."


def _table(certificate: Certificate) -> Table:
    rows = [[text(head, 8, bold=True) for head in ("Operation", "Check", "Result", "What happened")]]
    rows += [
        [
            text(each.operation, 8),
            text(each.name, 8),
            text(_words[each.result], 8, bold=each.result == "failed", colour=_colours[each.result]),
            text(each.sentence, 8),
        ]
        for each in certificate.checks
    ]
    whole, first = ((0, 0), (-1, -1)), ((0, 0), (0, -1))
    commands = [("VALIGN", *whole, "TOP"), ("LINEBELOW", *whole, 0.4, LINE), ("LEFTPADDING", *first, 0)]
    return Table(rows, colWidths=_widths, repeatRows=1, style=TableStyle(commands))
