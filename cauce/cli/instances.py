"""`cauce instances`: looks at instances and changes their course."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from cauce.cli import inputs, output, session
from cauce.cli.by_hand import by_hand_
from cauce.cli.data_dir import DataDir
from cauce.contract import JSON
from cauce.services import instances, repairs, visibility
from cauce.services.hub import Actor, Hub
from workflows.repair import leaves

app = typer.Typer(no_args_is_help=True)
app.command("by-hand")(by_hand_)
Id = Annotated[str, typer.Argument(metavar="ID", help="The id of the instance, as namespace.name/key.")]


@app.command("list")
def list_(
    *,
    status: Annotated[str | None, typer.Option(help=f"One of {', '.join(visibility.status_queries)}.")] = None,
    definition: Annotated[str | None, typer.Option(metavar="NAME", help="The process, as namespace.name.")] = None,
    key: Annotated[str | None, typer.Option(help="The business key.")] = None,
    stage: Annotated[str | None, typer.Option(help="The stage it is in.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 50,
    page: Annotated[str | None, typer.Option(metavar="TOKEN", help="Where to go on, from the last page.")] = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """List instances, the newest first."""
    filters = visibility.Filters(status=status, definition=definition, key=key, stage=stage)

    async def work(hub: Hub, actor: Actor) -> visibility.Page:
        return await visibility.list_instances(hub, actor, filters, page_token=page, limit=limit)

    found = session.run(work, data_dir=data_dir)
    if as_json:
        output.document(found)
        return
    rows = [(one.id, one.version, one.status, one.stage, one.started_at, one.closed_at) for one in found.instances]
    columns = ("id", "version", "status", "stage", "started", "ended")
    output.table("Instances", columns, rows, empty="There are no such instances.", more=found.next)


@app.command()
def show(instance: Id, *, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """Show one instance: where it is, its tasks, and how it ended."""

    async def work(hub: Hub, actor: Actor) -> visibility.Detail:
        return await visibility.look(hub, actor, instance)

    found = session.run(work, data_dir=data_dir)
    if as_json:
        output.document(found)
        return
    summary = found.summary
    output.pairs(
        summary.id,
        {
            "version": summary.version,
            "status": found.state.get("status"),
            "stage": summary.stage,
            "at": ", ".join(found.state.get("current") or ()),
            "open": ", ".join(leaves(found.state.get("open") or [])),
            "started": summary.started_at,
            "ended": summary.closed_at,
            "output": found.output,
            "problem": found.problem,
        },
    )
    done = [(one.get("name"), one.get("reference"), one.get("status")) for one in found.state.get("tasks") or ()]
    output.table("Tasks", ("name", "reference", "status"), done, empty="No worker could say which tasks there were.")
    people = [(one.id, one.name, one.state, one.claimed_by or one.closed_by, one.due_at) for one in found.human_tasks]
    output.table("Human tasks", ("id", "name", "state", "by", "due"), people, empty="There are no human tasks.")


def _act(
    instance: str,
    act: Callable[[Hub, Actor, str], Awaitable[object]],
    *,
    data_dir: Path | None,
    as_json: bool,
    done: str,
) -> None:
    async def work(hub: Hub, actor: Actor) -> object:
        return await act(hub, actor, instance)

    result = session.run(work, data_dir=data_dir)
    if as_json:
        output.document(result if result is not None else {"id": instance, "done": done})
    else:
        output.say(f"{instance}: {done}.")


@app.command()
def cancel(instance: Id, *, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """End an instance; what it did is undone, newest first."""
    _act(instance, instances.cancel, data_dir=data_dir, as_json=as_json, done="asked to cancel")


@app.command()
def suspend(instance: Id, *, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """Let no further task of an instance begin."""
    _act(instance, instances.suspend, data_dir=data_dir, as_json=as_json, done="suspended")


@app.command()
def resume(instance: Id, *, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """Let the tasks of a suspended instance begin again."""
    _act(instance, instances.resume, data_dir=data_dir, as_json=as_json, done="resumed")


@app.command()
def retry(instance: Id, *, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """Start a failed instance again where it stopped; tasks that were done are not done again."""
    _act(instance, instances.retry, data_dir=data_dir, as_json=as_json, done="started again")


TaskPath = Annotated[str, typer.Argument(metavar="[PATH]", help="The task, as `show` names it, or its pointer.")]
NewContext = Annotated[str | None, typer.Option("--context", metavar="JSON", help="The context from then on.")]


@app.command()
def skip(
    instance: Id,
    path: TaskPath = "",
    *,
    given: Annotated[str | None, typer.Option("--output", metavar="JSON", help="What stands for its output.")] = None,
    context: NewContext = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Count an open or failed task as done, and go on; without a path, the only one there is."""
    value, new = inputs.value(given), _given(context)

    async def act(hub: Hub, actor: Actor, id_: str) -> object:
        return await repairs.skip(hub, actor, id_, path, value, new)

    _act(instance, act, data_dir=data_dir, as_json=as_json, done="goes on without the task")


@app.command()
def reset(
    instance: Id,
    path: Annotated[str, typer.Argument(metavar="PATH", help="The task, as `show` names it, or its pointer.")],
    *,
    given: Annotated[str | None, typer.Option("--input", metavar="JSON", help="What the task begins with.")] = None,
    context: NewContext = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Begin again at a task; what came of it and of those after it is forgotten, but not undone."""
    value, new = _given(given), _given(context)

    async def act(hub: Hub, actor: Actor, id_: str) -> object:
        return await repairs.reset(hub, actor, id_, path, value, new)

    _act(instance, act, data_dir=data_dir, as_json=as_json, done="begins again there")


@app.command("context")
def edit_context(
    instance: Id,
    context: Annotated[str, typer.Argument(metavar="JSON", help="The context from now on, or - to read it.")],
    *,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Give an instance another context; one that has failed goes on with it from where it stopped."""
    new = inputs.value(context)

    async def act(hub: Hub, actor: Actor, id_: str) -> object:
        return await repairs.edit_context(hub, actor, id_, new)

    _act(instance, act, data_dir=data_dir, as_json=as_json, done="has another context")


def _given(text: str | None) -> JSON:
    return repairs.nothing if text is None else inputs.value(text)
