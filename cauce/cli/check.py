"""`cauce check`: says what is wrong in definition files, and where, without a server."""

from pathlib import Path
from typing import Annotated

import typer

from cauce import profiles, registry, settings
from cauce.capabilities import shipped
from cauce.cli import output, sources
from cauce.errors import DefinitionError, Finding
from workflows.checking import Known
from workflows.checking import check as findings_of


def check(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Definition files, or folders of them.")],
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail too.")] = False,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="Check as where this profile holds.")
    ] = None,
    as_json: output.AsJson = False,
) -> None:
    """Check definition files: form, meaning, and what they refer to.

    Findings are printed as file:line:column. The exit code is 2 when there are errors.
    """
    read = sources.read(paths, tests=True)
    found = findings(read, profile)
    errors = sum(1 for one in found if one.severity == "error")
    count = len(read.asked) + len({_file(one) for one in read.unreadable})
    if as_json:
        summary = {"files": count, "errors": errors, "warnings": len(found) - errors}
        output.document({"findings": [output.finding_data(one) for one in found], **summary})
    else:
        for one in found:
            output.line(str(one))
        output.say(f"{count} files, {errors} errors, {len(found) - errors} warnings.")
    if errors or (strict and found):
        raise typer.Exit(DefinitionError.exit_code)


def findings(read: sources.Sources, profile: str | None = None) -> list[Finding]:
    """Return what is wrong in the files asked for, in the order of their places."""
    files = {source.file for source in read.asked}
    here = settings.load()
    together = [*read.asked, *read.neighbours]
    known = Known(
        kinds=frozenset(registry.kinds()),
        runs=here.allow_run,
        capabilities=shipped(),
        settings=registry.settings_schema,
        profile=profiles.chosen(here.profile if profile is None else profile, together),
    )
    meaning = findings_of(together, known)
    mine = [one for one in meaning if one.place is None or one.place.file in files]
    return sorted([*read.unreadable, *mine], key=_order)


def _file(finding: Finding) -> str:
    return finding.place.file if finding.place else ""


def _order(finding: Finding) -> tuple[str, int, int]:
    return (finding.place.file, finding.place.line, finding.place.column) if finding.place else ("", 0, 0)
