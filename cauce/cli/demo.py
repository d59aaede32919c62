"""`cauce demo`: the demo company on this machine, from a file of leads to orders in its ERP."""

import asyncio
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cauce.cli import output
from cauce.cli.foreground import until_signal
from demo import run as running
from demo.generator import SEED
from demo.lead import Rejected
from demo.people import PEOPLE
from demo.summary import Summary

_default_dir = Path(".cauce/demo")
_rows_shown = 20
# With people at the inbox, the scripted staff leaves them one of so many tasks.
_leave_every = 8


def demo(
    *,
    leads: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="The leads; a sample that comes with Cauce otherwise.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Take only the first N rows.")] = None,
    staff: Annotated[
        Literal["auto", "none"], typer.Option(help="Who does the tasks: a scripted staff, or only you.")
    ] = "auto",
    headless: Annotated[
        bool, typer.Option("--headless", help="Stop after the summary, leaving people nothing.")
    ] = False,
    seed: Annotated[int, typer.Option(help="What the demo company is generated from.")] = SEED,
    data_dir: Annotated[Path, typer.Option(metavar="FOLDER", help="Where everything is kept.")] = _default_dir,
    as_json: output.AsJson = False,
) -> None:
    """Start the demo company and the stack, send the leads through, and print what came of them.

    Without --headless some tasks are left in the inbox for you, and everything keeps running until Ctrl-C.
    The exit code is 1 when an instance faulted or a lead or task could not be dealt with.
    """
    options = running.Options(
        data_dir=data_dir,
        leads=leads,
        limit=limit,
        staff=staff,
        seed=seed,
        leave_every=None if headless else _leave_every,
    )
    asyncio.run(_run(options, headless=headless, as_json=as_json))


async def _run(options: running.Options, *, headless: bool, as_json: bool) -> None:
    stop, is_shown = await until_signal(), asyncio.Event()
    work = asyncio.create_task(_work(options, stop, is_shown, headless=headless, as_json=as_json))
    interrupted = asyncio.create_task(stop.wait())
    await asyncio.wait({work, interrupted}, return_when=asyncio.FIRST_COMPLETED)
    interrupted.cancel()
    if not work.done() and not is_shown.is_set():  # afterwards Ctrl-C is the usual end, not an interruption
        output.say("Stopping everything …")
        work.cancel()
    try:
        await work
    except asyncio.CancelledError:
        raise typer.Exit(130) from None


async def _work(
    options: running.Options, stop: asyncio.Event, is_shown: asyncio.Event, *, headless: bool, as_json: bool
) -> None:
    async with running.start(options, output.say) as demo_run:
        _report_rejected(demo_run.source, demo_run.rejected)
        with _progress() as bar:
            task = bar.add_task("leads", total=len(demo_run.leads), note="")

            def show(now: running.Progress) -> None:
                bar.update(task, completed=now.ended, note=f"{now.fed} sent, {now.completed_tasks} tasks done")

            summary = await demo_run.run(show)
        for problem in demo_run.problems[:_rows_shown]:
            output.say(problem)
        _show(summary, as_json=as_json)
        if not headless:
            _show_logins(demo_run)
            is_shown.set()
            await stop.wait()
        output.say("Stopping everything …")
    if demo_run.problems:
        raise typer.Exit(1)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
        console=output.console(stderr=True),
    )


def _report_rejected(source: Path, rejected: Sequence[Rejected]) -> None:
    if not rejected:
        return
    output.say(f"{len(rejected)} rows of {source} are set aside:")
    for row in rejected[:_rows_shown]:
        output.say(f"  {source.name}:{row.line}: {row.reason}")
    if len(rejected) > _rows_shown:
        output.say(f"  … and {len(rejected) - _rows_shown} more; all are in the table set_asides of the store.")


def _show(summary: Summary, *, as_json: bool) -> None:
    if as_json:
        output.document(dataclasses.asdict(summary))
        return
    rows: list[tuple[str, str]] = [
        ("leads", str(summary.leads)),
        ("rejected rows", str(summary.rejected)),
        ("joined an open one", str(summary.joined)),
        ("qualified", str(summary.qualified)),
        ("lost", str(sum(summary.lost.values()))),
        *((f"  {reason}", str(count)) for reason, count in summary.lost.items()),
        ("orders in the ERP", str(summary.orders)),
        ("duplicate orders", str(summary.duplicates)),
        ("amount", f"{summary.amount:,.2f} €"),
        ("open tasks", str(summary.open_tasks)),
        ("faulted instances", str(summary.faulted)),
        ("mails sent", str(summary.mails_sent)),
        ("seconds", str(summary.seconds)),
    ]
    output.table("What came of the leads", ("", ""), rows)


def _show_logins(demo_run: running.Demo) -> None:
    where = demo_run.stack.addresses
    rows = [(one.name, one.full_name, ", ".join(one.roles), ", ".join(one.groups)) for one in PEOPLE]
    output.table("Log in as", ("user", "name", "roles", "groups"), rows)
    output.say(f"All have the password {demo_run.password}")
    output.say(f"The inbox: {where.api}/inbox     Temporal's own pages: {where.temporal_ui}")
    output.say(f"What went out by mail, and came in, lies in {demo_run.company.post.folder} as .eml files, by address.")
    output.say(f"Certify what its systems can: cauce connect certify --data-dir {demo_run.options.data_dir}")
    output.say("Ctrl-C stops everything.")
