"""`cauce tasks`: the inbox on the command line."""

from typing import Annotated

import typer

from cauce.cli import comments, inputs, output, session, task_acts
from cauce.cli.data_dir import DataDir
from cauce.services import tasks
from cauce.services.hub import Actor, Hub
from cauce.store.inbox import Filters

app = typer.Typer(no_args_is_help=True)
task_acts.add_to(app)
comments.add_to(app)
Id = Annotated[str, typer.Argument(metavar="ID", help="The id of the task.")]


@app.command("list")
def list_(  # noqa: PLR0913 - one parameter for each option
    *,
    state: Annotated[
        str | None, typer.Option(help="open, claimed, completed, sent-back, cancelled or expired.")
    ] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only what is claimed by or assigned to the person.")] = False,
    group: Annotated[str | None, typer.Option(help="The group that does them.")] = None,
    instance: Annotated[str | None, typer.Option(metavar="ID", help="The instance they belong to.")] = None,
    delegated: Annotated[bool, typer.Option("--delegated", help="Only what the person has handed to others.")] = False,
    set_aside: Annotated[bool, typer.Option("--set-aside", help="Only what waits for its follow-up date.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 50,
    page: Annotated[str | None, typer.Option(metavar="CURSOR", help="Where to go on, from the last page.")] = None,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """List tasks, the most urgent first."""
    filters = Filters(state=state, mine=mine, group=group, instance=instance, delegated=delegated, set_aside=set_aside)

    async def work(hub: Hub, actor: Actor) -> tasks.Inbox:
        return await tasks.inbox(hub, actor, filters, after=page, limit=limit)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document(found)
        return
    rows = [
        (one.id, one.name, one.business_key, one.user or one.group, one.state, one.claimed_by, one.due_at)
        for one in found.tasks
    ]
    columns = ("id", "task", "case", "for", "state", "claimed by", "due")
    output.table("Inbox", columns, rows, empty="The inbox is empty.", more=found.after)


@app.command()
def show(task: Id, *, as_user: session.AsUser = None, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """Show a task: its data, and the form that its answer has to fit."""

    async def work(hub: Hub, actor: Actor) -> tasks.TaskView:
        return await tasks.task(hub, actor, task)

    _show(session.run(work, data_dir=data_dir, as_user=as_user), as_json=as_json)


@app.command()
def claim(
    task: Id, *, as_user: session.AsUser = None, data_dir: DataDir = None, as_json: output.AsJson = False
) -> None:
    """Take a task, so that nobody else does it."""

    async def work(hub: Hub, actor: Actor) -> tasks.TaskView:
        return await tasks.claim(hub, actor, task)

    task_acts.told(session.run(work, data_dir=data_dir, as_user=as_user), as_json=as_json)


@app.command()
def complete(
    task: Id,
    *,
    answer: inputs.Input = None,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Complete a task with an answer that fits its form."""
    given = inputs.value(answer, default={})

    async def work(hub: Hub, actor: Actor) -> tasks.TaskView:
        return await tasks.complete(hub, actor, task, given)

    task_acts.told(session.run(work, data_dir=data_dir, as_user=as_user), as_json=as_json)


@app.command("return")
def return_(
    task: Id,
    *,
    reason: Annotated[str, typer.Option(help="Why; others see it.")],
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Give a claimed task back to the others, saying why."""

    async def work(hub: Hub, actor: Actor) -> tasks.TaskView:
        return await tasks.return_task(hub, actor, task, reason)

    task_acts.told(session.run(work, data_dir=data_dir, as_user=as_user), as_json=as_json)


def _show(task: tasks.TaskView, *, as_json: bool) -> None:
    if as_json:
        output.document(task)
        return
    form = task.form_document if isinstance(task.form_document, dict) else {}
    output.pairs(
        task.id,
        {
            "task": task.name,
            "instance": task.instance,
            "for": task.user or task.group,
            "why": task.assignment,
            "state": task.state,
            "claimed by": task.claimed_by,
            "due": task.due_at,
            "delegated by": task.owner,
            "note": task.note,
            "set aside until": task.follow_up_at,
            "expires": task.expires_at,
            "approvals": task.approvals and {**task.approvals, "answered": list(task.answered_by)},
            "may be sent back to": ", ".join(task.return_to) or None,
            "came back": task.returned,
            "form": task.form,
            "answer's schema": form.get("schema"),
            "data": task.data,
            "answer": task.answer,
        },
    )
