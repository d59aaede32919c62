"""`cauce test`: runs the tests of definitions, on a server of its own and with stand-ins for everything outside."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.errors import InputError
from cauce.services import test_runs
from cauce.services.hub import Actor, Hub
from cauce.services.test_runs import TestRunView
from cauce.testing import junit, keeping, report
from cauce.testing.plan import Plan, plan
from cauce.testing.suite import Planned, Result, run


def run_tests(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Tests (*.test.yaml), or folders of them.")],
    *,
    only: Annotated[
        str | None, typer.Option("-k", metavar="TEXT", help="Run only cases with this in their name.")
    ] = None,
    junit_file: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write the results as JUnit XML.")
    ] = None,
    coverage_min: Annotated[
        float | None,
        typer.Option(min=0, max=100, metavar="PERCENT", help="Fail when less of a tested process is covered."),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep what came of it in the hub: gates ask for it, and definitions show it.")
    ] = False,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
    as_json: output.AsJson = False,
) -> None:
    """Run tests of definitions; nothing outside is ever called.

    The exit code is 0 when all passed, 1 when a case failed or too little is covered, 2 when a file is wrong.
    """
    if keep and only is not None:
        raise InputError("Only what all cases came to is kept.", hint="Leave -k out, or --keep.")
    planned = plan(paths)
    chosen = tuple(each for each in planned.cases if only is None or only.casefold() in _name(each).casefold())
    if not chosen:
        raise InputError(f"No case has '{only}' in its name.", hint="Leave -k out to run them all.")
    results = asyncio.run(_run(planned, chosen, quiet=as_json))
    covered = report.coverages(planned, results) if only is None else []
    if junit_file is not None:
        junit_file.write_text(junit.xml(results), encoding="utf-8")
    if keep:
        _keep(results, data_dir, as_user)
    summary = report.data(results, covered)
    if as_json:
        output.document(summary)
    else:
        for line in report.closing(results, covered):
            output.line(line)
    if summary["failed"] or any(each.percent < (coverage_min or 0) for each in covered):
        raise typer.Exit(1)


def _keep(results: list[Result], data_dir: Path | None, as_user: str | None) -> None:
    async def work(hub: Hub, actor: Actor) -> list[TestRunView]:
        return await test_runs.keep(hub, actor, keeping.runs(results))

    for each in session.run(work, data_dir=data_dir, as_user=as_user):
        what = "as it is published" if each.published else "not as it is published now"
        output.say(f"Kept: {each.definition} {each.version}, {each.cases} cases, {each.failed} failed; {what}.")


async def _run(planned: Plan, chosen: tuple[Planned, ...], *, quiet: bool) -> list[Result]:
    results = []
    async for each in run(chosen, planned.bundles, planned.finds):
        results.append(each)
        if not quiet:
            for line in report.lines(each):
                output.line(line)
    return results


def _name(planned: Planned) -> str:
    return f"{planned.file.name}: {planned.case.name}"
