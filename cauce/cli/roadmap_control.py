"""`cauce roadmap risk` and `correct`: what is done about roadmaps that are off their course."""

from typing import Annotated, Any, Literal

import typer

from cauce import roadmaps
from cauce.cli import inputs, session
from cauce.cli.data_dir import DataDir
from cauce.cli.roadmap_runs import Note, Run, carry_out

JSON = Any
app = typer.Typer()
Month = Annotated[str, typer.Argument(metavar="MONTH", help="One that is over, such as 2027-03.")]


@app.command("risk")
def risk(
    run: Run,
    name: Annotated[str, typer.Argument(metavar="RISK", help="One that has come, by its id.")],
    decision: Annotated[Literal["mitigated", "accepted", "issue"], typer.Argument(metavar="DECISION")],
    note: Note = "",
    *,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
) -> None:
    """Say what is done about a risk that has come: mitigated, accepted, or an issue now."""
    carry_out(run, roadmaps.AnswerRisk(name, "", decision, note), data_dir, as_user)


@app.command("correct")
def correct(
    run: Run,
    month: Month,
    action: Annotated[
        list[str] | None,
        typer.Option(metavar="JSON", help='One for each: {"what": "…", "owner": "it", "until": "2027-05-20"}.'),
    ] = None,
    done: Annotated[int, typer.Option(metavar="NUMBER", help="An action that is done, counted from 1.")] = 0,
    note: Note = "",
    *,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
) -> None:
    """Say what is done about a month that was off the plan, or that one of the actions is done."""
    request: roadmaps.Request
    if done:
        request = roadmaps.FinishCorrection(month, done, "", note)
    else:
        actions = [inputs.parse(each, "--action") for each in action or ()]
        request = roadmaps.CorrectPeriod(month, "", actions, note)
    carry_out(run, request, data_dir, as_user)
