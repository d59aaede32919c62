"""`cauce connect certify`: tries out whether a connection does what its capabilities ask."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.errors import InputError, PermanentError
from cauce.services import certification
from cauce.services.certifying.checks import Certification
from cauce.services.certifying.report import markdown
from cauce.services.hub import Actor, Hub


def certify(
    connection: Annotated[
        str | None,
        typer.Argument(
            metavar="[CONNECTION]", help="A published connection; all that implement something without one."
        ),
    ] = None,
    *,
    capability: Annotated[
        list[str] | None, typer.Option("--capability", metavar="NAME", help="Only this one; may be repeated.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE.md", help="Write what was found out there, too.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write documents although it is not known as a test system.")] = (
        False
    ),
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Try out whether a connection does what the capabilities ask that it implements, and keep what was found out.

    It writes real documents, marks them and takes them away again. The exit code is 1 when something failed.
    """

    async def work(hub: Hub, actor: Actor) -> list[Certification]:
        if connection is not None:
            return await certification.certify(hub, actor, connection, capability or (), anyway=yes)
        return await certification.certify_all(hub, actor, capability or (), anyway=yes)

    done = session.run(work, data_dir=data_dir)
    if report is not None:
        _write(report, markdown(done, f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"))
    if as_json:
        output.document({"certifications": [_as_data(each) for each in done]})
    else:
        for each in done:
            title = f"{each.connection}: {each.capability}, {'certified' if each.passed else 'NOT certified'}"
            rows = [(check.operation, check.name, check.result, check.sentence) for check in each.checks]
            output.table(title, ("operation", "check", "", ""), rows, empty="There was nothing to try.")
    if not all(each.passed for each in done):
        raise typer.Exit(PermanentError.exit_code)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"The report cannot be written to {file}: {error.strerror}.", hint="Check the path."
        ) from error


def _as_data(done: Certification) -> dict[str, Any]:
    return {
        "connection": done.connection,
        "version": done.version,
        "capability": done.capability,
        "passed": done.passed,
        "mark": done.mark,
        "seconds": round(done.seconds, 2),
        "checks": done.checks,
    }
