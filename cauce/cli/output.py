"""What commands print: one JSON document for programs, tables for people, and errors in a sentence on stderr."""

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from typer._click.core import Context

from cauce.contract import JSON
from cauce.errors import CauceError, DefinitionError, Finding, InputError

json_asked = "cauce.json"
_width_of_pipes = 200


def _remember(context: Context, value: bool) -> bool:  # noqa: FBT001  # Typer's signature of a callback
    """Tell the root, which prints the errors, that a program reads along."""
    context.meta[json_asked] = value
    return value


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.", callback=_remember)]


@cache
def console(*, stderr: bool = False) -> Console:
    """Return the console; what goes into a pipe is not cut to the width of a terminal that is not there."""
    made = Console(stderr=stderr, highlight=False)
    return made if made.is_terminal else Console(stderr=stderr, highlight=False, width=_width_of_pipes)


def say(text: str) -> None:
    """Tell a person something that is not the result."""
    console(stderr=True).print(text, markup=False, soft_wrap=True)


def line(text: str) -> None:
    """Print one line of the result, as it is."""
    sys.stdout.write(_printable(text) + "\n")
    sys.stdout.flush()


def document(value: JSON) -> None:
    """Print a value as one line of JSON."""
    line(json_text(value))


def json_text(value: JSON) -> str:
    """Return JSON that any reader takes: Unicode where the terminal can, no NaN."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"), default=_plain)
    return text


def table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[JSON]],
    *,
    empty: str = "Nothing.",
    more: str | None = None,
) -> None:
    """Print a table; cells may be anything. `more` is the cursor of the next page, if there is one."""
    if rows:
        shown = Table(title=title, title_justify="left", header_style="bold")
        for column in columns:
            shown.add_column(column, overflow="fold")
        for row in rows:
            shown.add_row(*(_cell(cell) for cell in row))
        console().print(shown)
    else:
        say(empty)
    if more:
        say(f"There are more: --page {more}")


def pairs(title: str, values: Mapping[str, JSON]) -> None:
    """Print the fields of one thing."""
    table(title, ("", ""), [(name, value) for name, value in values.items() if value not in (None, "")])


def fail(error: CauceError, *, as_json: bool) -> None:
    """Tell an error: for programs as problem details, for people as sentences."""
    if as_json:
        details = error.problem_details()
        if isinstance(error, DefinitionError) and error.findings:
            details["findings"] = [finding_data(one) for one in error.findings]
        document({"error": details})
    shown = console(stderr=True)
    shown.print(f"Error: {error}", style="red", markup=False, soft_wrap=True)
    if isinstance(error, InputError):
        for one in error.errors:
            shown.print(f"  {one.get('pointer') or '/'}: {one.get('problem', '')}", markup=False, soft_wrap=True)
    if isinstance(error, DefinitionError):
        findings(error.findings)


def findings(found: Sequence[Finding]) -> None:
    """Print findings to stderr, one a line, as compilers do."""
    for finding in found:
        style = "red" if finding.severity == "error" else "yellow"
        console(stderr=True).print(str(finding), style=style, markup=False, soft_wrap=True)


def finding_data(finding: Finding) -> dict[str, JSON]:
    """Return a finding as programs read it."""
    place = finding.place
    return {
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "code": finding.code,
        "severity": finding.severity,
        "problem": finding.problem,
        "hint": finding.hint,
        "pointer": finding.pointer,
    }


def _plain(value: JSON) -> JSON:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name.name: getattr(value, name.name) for name in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, set | frozenset | tuple):
        return sorted(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, Path | Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _cell(value: JSON) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M")
    if isinstance(value, dict | list):
        return _printable(json_text(value))
    return _printable(str(value)).replace("[", "\\[")


def _printable(text: str) -> str:
    """Return text without what the terminal cannot show (half a surrogate pair, letters outside its code page)."""
    encoding = sys.stdout.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
