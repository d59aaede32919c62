"""The commands of `cauce tasks` besides claiming and answering: hand over, set aside, send back, drafts."""

from datetime import datetime
from typing import Annotated

import typer

from cauce.cli import inputs, output, session
from cauce.cli.data_dir import DataDir
from cauce.errors import NotFoundError
from cauce.services import task_acts, task_drafts, tasks
from cauce.services.hub import Actor, Hub
from cauce.services.task_drafts import DraftView
from cauce.services.tasks import TaskView

Id = Annotated[str, typer.Argument(metavar="ID", help="The id of the task.")]
Reason = Annotated[str, typer.Option(help="Why; others see it.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to a group of commands."""
    for name, command in (
        ("send-back", send_back),
        ("delegate", delegate),
        ("assign", assign),
        ("priority", priority),
        ("follow-up", follow_up),
        ("draft", draft),
    ):
        app.command(name)(command)


def send_back(
    task: Id,
    *,
    to: Annotated[str, typer.Option(metavar="TASK", help="The earlier task that has to be done again.")],
    reason: Reason,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Send the case back to an earlier task that the process allows, saying why."""

    async def work(hub: Hub, actor: Actor) -> TaskView:
        return await tasks.send_back(hub, actor, task, to, reason)

    told(session.run(work, data_dir=data_dir, as_user=as_user), as_json=as_json)


def delegate(
    task: Id,
    *,
    to: Annotated[str, typer.Option(metavar="PERSON", help="Who does it from now on.")],
    note: Annotated[str, typer.Option(help="What they have to know.")],
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Hand a task to somebody else who may do it."""

    async def work(hub: Hub, actor: Actor) -> TaskView:
        return await task_acts.delegate(hub, actor, task, to, note)

    told(session.run(work, data_dir=data_dir, as_user=as_user), as_json=as_json)


def assign(
    task: Id,
    *,
    user: Annotated[str | None, typer.Option(metavar="PERSON", help="The person who gets it.")] = None,
    group: Annotated[str | None, typer.Option(help="The group that gets it.")] = None,
    note: Annotated[str, typer.Option(help="What they have to know.")] = "",
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Give a task to a person or a group, whoever has it now; for managers."""

    async def work(hub: Hub, actor: Actor) -> TaskView:
        return await task_acts.assign(hub, actor, task, user=user, group=group, note=note)

    told(session.run(work, data_dir=data_dir, as_user=as_user), as_json=as_json)


def priority(
    task: Id,
    value: Annotated[int, typer.Argument(metavar="PRIORITY", min=0, max=100, help="From 0 to 100.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; it is in the audit trail.")] = "",
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Change how urgent a task is; for managers."""

    async def work(hub: Hub, actor: Actor) -> TaskView:
        return await task_acts.set_priority(hub, actor, task, value, reason)

    told(session.run(work, data_dir=data_dir, as_user=as_user), as_json=as_json)


def follow_up(
    task: Id,
    *,
    until: Annotated[
        datetime | None,
        typer.Option(help="When it comes back, in the time zone of this machine; without it, now.", metavar="MOMENT"),
    ] = None,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Keep a task out of the inbox until a moment, or bring it back."""
    at = until.astimezone() if until else None

    async def work(hub: Hub, actor: Actor) -> TaskView:
        return await task_acts.follow_up(hub, actor, task, at)

    told(session.run(work, data_dir=data_dir, as_user=as_user), as_json=as_json)


def draft(
    task: Id,
    *,
    save: inputs.Input = None,
    drop: Annotated[bool, typer.Option("--drop", help="Forget it.")] = False,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Show the draft of a person, save one (--input), or forget it (--drop)."""
    content = inputs.value(save, default=None)

    async def work(hub: Hub, actor: Actor) -> DraftView | None:
        if drop:
            await task_drafts.drop(hub, actor, task)
            return None
        if save is not None:
            return await task_drafts.save(hub, actor, task, content)
        found = await task_drafts.draft(hub, actor, task)
        if found is None:
            raise NotFoundError("There is no draft of this person.", hint="Save one with --input.")
        return found

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document(found)
    elif found is None:
        output.say("The draft is forgotten.")
    else:
        output.pairs(task, {"saved": found.saved_at, "form has changed": found.outdated, "draft": found.content})


def told(task: TaskView, *, as_json: bool) -> None:
    """Tell what state a task is in."""
    if as_json:
        output.document(task)
    else:
        output.say(f"{task.name} ({task.id}) is {task.state}.")
