"""`cauce run`: runs one definition file once, without a store or a published version."""

import asyncio
import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from cauce.cli import events, inputs, output
from cauce.contract import JSON
from cauce.errors import InputError
from cauce.single import run_once

_exits = {"completed": 0, "faulted": 1, "cancelled": 1}


def run(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The definition of a process.")],
    *,
    data: inputs.Input = None,
    temporal: Annotated[
        str, typer.Option(metavar="local|time-skipping|ADDRESS", help="The Temporal server to run it on.")
    ] = "local",
    answer: Annotated[
        list[str] | None, typer.Option(metavar="NAME=JSON", help="The answer of a human task; may be repeated.")
    ] = None,
    event: Annotated[
        list[str] | None,
        typer.Option(metavar="EVENT", help="An event that comes when the process waits for one; may be repeated."),
    ] = None,
    recorded: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A recording that answers for its connection; may be repeated."),
    ] = None,
    as_json: output.AsJson = False,
) -> None:
    """Run a definition once and print the outcome.

    The exit code is 0 when it completed, 1 when it faulted or was cancelled, 2 when the definition or input is bad.
    """
    if not file.is_file():
        raise InputError(f"There is no file {file}.", hint="Check the path.")
    answers = inputs.named(answer or [], "--answer")
    coming = [events.whole(each) for each in event or []]
    report = asyncio.run(run_once(file, inputs.value(data), temporal, answers, events=coming, recorded=recorded or ()))
    outcome = _outcome(report)
    if as_json:
        output.document(outcome)
    else:
        rows = [(task["name"], task["reference"], task["status"]) for task in outcome["tasks"]]
        output.table("Tasks", ("name", "reference", "status"), rows, empty="No task was started.")
        output.say(f"The instance {outcome['status']}.")
        output.document(outcome["error"] if outcome.get("error") else outcome.get("output"))
    raise typer.Exit(_exits.get(outcome["status"], 1))


def _outcome(report: JSON) -> dict[str, JSON]:
    data = report if isinstance(report, dict) else dataclasses.asdict(report)
    return {name: data.get(name) for name in ("status", "output", "error", "tasks")}
