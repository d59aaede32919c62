"""Checks templates, and whether the calls that fill them in give what they use."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cauce.messages.language import LANGUAGES, Flaw, optional, parse, variables
from schemas import flaws, guess, listing
from schemas.source import step
from workflows.checking.contracts import check_arguments
from workflows.checking.known import World
from workflows.checking.report import Report

JSON = Any
_PARTS: Final = ("subject", "body")


def check_template(report: Report, document: Mapping[str, JSON], world: World) -> None:
    """Check a template: that it can be read in each language, has both, and names only what its data has."""
    del world
    schema = document.get("data")
    for wrong in flaws(schema) if schema is not None else ():
        report.value("schema-unusable", f"/data{wrong.pointer}", wrong.sentence, wrong.hint)
    fields: JSON = schema.get("properties") if isinstance(schema, dict) else None
    for pointer, text, html in _texts(document):
        tree, found = parse(text, html=html)
        for flaw in found:
            report.text("template", pointer, _offset(text, flaw), flaw.sentence, flaw.hint)
        for name, line in variables(tree).items() if tree is not None and isinstance(fields, dict) else ():
            if name not in fields:
                problem = f"The template's data has no `{name}`{guess(name, fields)}"
                offset = _offset(text, Flaw(line, "", name=name))
                report.text("unknown-variable", pointer, offset, problem, listing(fields, word="It has"))
    for part in _PARTS:
        written: JSON = document.get(part)
        for language in LANGUAGES if isinstance(written, dict) else ():
            if language not in written:
                hint = f"Add `{language}:` to its {part}; without it people get the other language."
                report.key("missing-language", f"/{part}", f"The template has no {part} in `{language}`.", hint)


def check_filling(report: Report, pointer: str, given: Mapping[str, JSON], document: JSON) -> None:
    """Check that a call gives a template what it uses, as far as the call says so itself."""
    data = given.get("data")
    if not isinstance(document, dict) or not isinstance(data, dict):
        return
    check_arguments(report, f"{pointer}/data", data, document.get("data"), f"`{document.get('template')}`")
    schema = document.get("data")
    known = set(data) | set(schema.get("required") or ()) if isinstance(schema, dict) else set(data)
    used = dict.fromkeys(
        name
        for _, text, html in _texts(document)
        if (tree := parse(text, html=html)[0]) is not None
        for name in variables(tree)
        if name not in optional(tree)
    )
    for name in used:
        if name not in known:
            problem = f"The template `{document.get('template')}` uses `{name}`, and the call does not give it."
            report.key("template-data", f"{pointer}/data", problem, f"It gives {', '.join(data) or 'nothing'}.")


def _texts(document: Mapping[str, JSON]) -> Iterator[tuple[str, str, bool]]:
    """Yield where each text of a template stands, the text, and whether it is HTML."""
    for part in _PARTS:
        written = document.get(part)
        html = part == "body" and document.get("format") == "html"
        for language, text in written.items() if isinstance(written, dict) else [("", written)]:
            if isinstance(text, str):
                yield f"/{part}{step(language) if language else ''}", text, html


def _offset(text: str, flaw: Flaw) -> int:
    """Return where something in a line of a template begins: the name, or the first thing that is not plain text."""
    lines = text.splitlines(keepends=True)
    before = sum(len(each) for each in lines[: flaw.line - 1])
    line = lines[flaw.line - 1] if flaw.line <= len(lines) else ""
    places = [line.find(sign) for sign in ([flaw.name] if flaw.name else ["{{", "{%", "{#"])]
    return before + min((place for place in places if place >= 0), default=0)
