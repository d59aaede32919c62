"""`cauce schedules`: shows what starts by time, and pauses it."""

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.services import schedules
from cauce.services.hub import Actor, Hub

app = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="DEFINITION", help="The process, such as sales.daily-report.")]


@app.command("list")
def list_(*, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """List what starts by time, and when it does so next."""
    _show(session.run(schedules.list_schedules, data_dir=data_dir), as_json=as_json)


@app.command("pause")
def pause(
    definition: Name,
    *,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Let a process not start by time any more; what runs goes on, and what is due meanwhile is left out."""
    _show(_paused(definition, paused=True, as_user=as_user, data_dir=data_dir), as_json=as_json)


@app.command("resume")
def resume(
    definition: Name,
    *,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Let a process start by time again."""
    _show(_paused(definition, paused=False, as_user=as_user, data_dir=data_dir), as_json=as_json)


def _paused(
    definition: str, *, paused: bool, as_user: session.AsUser, data_dir: DataDir
) -> Sequence[schedules.ScheduleView]:
    async def work(hub: Hub, actor: Actor) -> Sequence[schedules.ScheduleView]:
        return await schedules.pause(hub, actor, definition, paused=paused)

    return session.run(work, data_dir=data_dir, as_user=as_user)


def _show(found: Sequence[schedules.ScheduleView], *, as_json: bool) -> None:
    if as_json:
        output.document({"schedules": found})
        return
    rows = [
        (one.definition, one.version, f"{one.kind} {_text(one.when)}", one.timezone, _next(one), one.problem)
        for one in found
    ]
    head = ("process", "version", "starts", "time zone", "next", "")
    output.table("Schedules", head, rows, empty="No process starts by time.")


def _text(when: object) -> str:
    return when if isinstance(when, str) else json.dumps(when)


def _next(one: schedules.ScheduleView) -> str:
    if one.paused:
        return "paused"
    return one.next_at.isoformat(timespec="seconds") if one.next_at else ""
