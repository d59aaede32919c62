"""`cauce alerts`: shows what is wrong with connections and syncs, and says who looks after it."""

from collections.abc import Sequence
from typing import Annotated

import typer

from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.services import alerting
from cauce.services.alerting import AlertView
from cauce.services.hub import Actor, Hub

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(*, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """List the alerts that are raised, then the last of those that are over."""
    _show(session.run(alerting.list_alerts, data_dir=data_dir), as_json=as_json)


@app.command("acknowledge")
def acknowledge(
    alert: Annotated[int, typer.Argument(metavar="ID", help="The alert's number.")],
    *,
    note: Annotated[str, typer.Option(help="What you are doing about it.")] = "",
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Take an alert on: everybody sees your name beside it."""

    async def work(hub: Hub, actor: Actor) -> list[AlertView]:
        return [await alerting.acknowledge(hub, actor, alert, note)]

    _show(session.run(work, data_dir=data_dir, as_user=as_user), as_json=as_json)


def _show(found: Sequence[AlertView], *, as_json: bool) -> None:
    if as_json:
        output.document({"alerts": found})
        return
    rows = [
        (
            one.id,
            one.name,
            one.state,
            one.severity,
            ", ".join(sorted({each["rule"] for each in one.causes})),
            one.raised_at.isoformat(timespec="seconds"),
            one.acknowledged_by,
            one.note,
        )
        for one in found
    ]
    head = ("alert", "of", "state", "severity", "rules", "since", "looked after by", "note")
    output.table("Alerts", head, rows, empty="Nothing is wrong, and nothing was.")
