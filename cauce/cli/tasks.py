"""`cauce tasks`: the inbox on the command line; here what is done with one task."""

from typing import Annotated

import typer

from cauce.cli import comments, inbox, inputs, output, session, task_acts, task_batches
from cauce.cli.data_dir import DataDir
from cauce.services import tasks
from cauce.services.hub import Actor, Hub

app = typer.Typer(no_args_is_help=True)
inbox.add_to(app)
task_acts.add_to(app)
task_batches.add_to(app)
comments.add_to(app)
Id = Annotated[str, typer.Argument(metavar="ID", help="The id of the task.")]


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
