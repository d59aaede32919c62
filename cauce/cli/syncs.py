"""`cauce syncs`: shows what is kept the same in two systems, and runs, stops and pauses it."""

from typing import Annotated

import typer

from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.services import reconciling, syncs
from cauce.services.hub import Actor, Hub
from cauce.services.reconciling import ReconciliationView
from cauce.services.syncs import Run, SyncDetail, SyncView

app = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="SYNC", help="The sync, such as accounting-customers.")]


@app.command("list")
def list_(*, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """List the syncs, with the last run of each."""
    found = session.run(syncs.list_syncs, data_dir=data_dir)
    if as_json:
        output.document({"syncs": found})
        return
    rows = [
        (
            one.name,
            f"{one.source} {_arrow(one)} {one.target}",
            "paused" if one.paused else one.starts,
            one.next_at.isoformat(timespec="seconds") if one.next_at else "",
            _last(one.last),
            one.problem,
        )
        for one in found
    ]
    output.table("Syncs", ("sync", "from → to", "starts", "next", "last run", ""), rows, empty="There is no sync.")


@app.command("show")
def show(
    name: Name,
    *,
    after: Annotated[str | None, typer.Option(help="Where the last page of runs ended.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=syncs.most_rows, help="How many runs.")] = 20,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Show a sync: where it stands, and what its last runs read, wrote and could not write."""

    async def work(hub: Hub, actor: Actor) -> SyncDetail:
        return await syncs.sync(hub, actor, name, after=after, limit=limit)

    _detail(session.run(work, data_dir=data_dir), as_json=as_json)


@app.command("run")
def run(
    name: Name,
    *,
    full: Annotated[bool, typer.Option("--full", help="Read everything, and not only what has changed.")] = False,
    accept_columns: Annotated[
        bool, typer.Option("--accept-columns", help="Take the shape that the source has now for the right one.")
    ] = False,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Run a sync now; `show` says how far it is."""

    async def work(hub: Hub, actor: Actor) -> SyncDetail:
        await syncs.run(hub, actor, name, full=full, accept_columns=accept_columns)
        return await syncs.sync(hub, actor, name)

    _detail(session.run(work, data_dir=data_dir, as_user=as_user), as_json=as_json)


@app.command("stop")
def stop(
    name: Name, *, as_user: session.AsUser = None, data_dir: DataDir = None, as_json: output.AsJson = False
) -> None:
    """End the run of a sync; what it wrote stays."""

    async def work(hub: Hub, actor: Actor) -> SyncDetail:
        return await syncs.stop(hub, actor, name)

    _detail(session.run(work, data_dir=data_dir, as_user=as_user), as_json=as_json)


@app.command("pause")
def pause(
    name: Name, *, as_user: session.AsUser = None, data_dir: DataDir = None, as_json: output.AsJson = False
) -> None:
    """Let a sync not start by itself any more; a run that is under way goes on."""
    _detail(_paused(name, paused=True, as_user=as_user, data_dir=data_dir), as_json=as_json)


@app.command("resume")
def resume(
    name: Name, *, as_user: session.AsUser = None, data_dir: DataDir = None, as_json: output.AsJson = False
) -> None:
    """Let a sync start by itself again."""
    _detail(_paused(name, paused=False, as_user=as_user, data_dir=data_dir), as_json=as_json)


@app.command("reconcile")
def reconcile(
    name: Name,
    *,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
    as_json: output.AsJson = False,
) -> None:
    """Compare what both sides of a sync hold now, and keep what came of it; exits with 1 when they differ."""

    async def work(hub: Hub, actor: Actor) -> ReconciliationView:
        return await reconciling.reconcile(hub, actor, name)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document(found)
    else:
        rows = [(each["key"], each["what"], ", ".join(each["fields"])) for each in found.keys]
        output.table("What differs", ("row", "how", "fields"), rows, empty="Nothing differs.")
        for field, (source, target) in found.sums.items():
            output.say(f"Sum of {field}: {source} and {target}.")
        output.say(f"{found.source} rows and {found.target} rows, {found.differences} differ.")
    if found.differences:
        raise typer.Exit(1)


@app.command("lookup")
def lookup(
    system: Annotated[str, typer.Argument(help="The connection, such as accounting.")],
    row: Annotated[str, typer.Argument(metavar="ID", help="The id of the row there.")],
    *,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Say what a row of one system is in others."""

    async def work(hub: Hub, actor: Actor) -> list[syncs.Counterpart]:
        return await syncs.counterparts(hub, actor, system, row)

    found = session.run(work, data_dir=data_dir)
    if as_json:
        output.document({"counterparts": found})
        return
    rows = [
        (f"{one.source_id}@{one.source_system}", f"{one.target_id}@{one.target_system}", one.sync, one.state)
        for one in found
    ]
    output.table("Cross references", ("from", "to", "sync", "state"), rows, empty="No sync knows this row.")


def _paused(name: str, *, paused: bool, as_user: session.AsUser, data_dir: DataDir) -> SyncDetail:
    async def work(hub: Hub, actor: Actor) -> SyncDetail:
        return await syncs.pause(hub, actor, name, paused=paused)

    return session.run(work, data_dir=data_dir, as_user=as_user)


def _detail(found: SyncDetail, *, as_json: bool) -> None:
    if as_json:
        output.document(found)
        return
    view = found.view
    starts = "paused" if view.paused else view.starts or "when somebody says so"
    output.line(f"{view.name} {view.version}: {view.source} {_arrow(view)} {view.target}, {starts}")
    output.line(f"{found.rows:,} rows are in both systems; {found.waiting:,} wait at the desk (`cauce dead-letters`).")
    if found.undecided:
        output.line(f"{found.undecided:,} rows were changed by both; somebody is asked about each (`cauce tasks`).")
    head = ("run", "began", "by", "mode", "state", "read", "written", "unchanged", "rejected", "deleted", "")
    rows = [
        (
            *(str(one.id), one.started_at.isoformat(timespec="seconds"), one.by, one.mode, one.state),
            *(str(number) for number in (one.read, one.written, one.unchanged, one.rejected, one.deleted)),
            one.problem,
        )
        for one in found.runs
    ]
    output.table("Runs", head, rows, empty="It has not run yet.")


def _arrow(one: SyncView) -> str:
    return "↔" if one.two_way else "→"


def _last(one: Run | None) -> str:
    if one is None:
        return ""
    return f"{one.state} {one.started_at.isoformat(timespec='seconds')}: {one.written} of {one.read} written"
