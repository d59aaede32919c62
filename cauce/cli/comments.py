"""The commands of `cauce tasks` with which people speak about a task, and ask why they have it."""

from typing import Annotated

import typer

from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.services.hub import Actor, Hub
from cauce.services.teamwork import comments as talk
from cauce.services.teamwork import why as reasons
from cauce.services.teamwork.comments import CommentView

Id = Annotated[str, typer.Argument(metavar="ID", help="The id of the task.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to a group of commands."""
    app.command("comment")(comment)
    app.command("comments")(comments)
    app.command("why")(why)


def comment(
    task: Id,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is said; @name tells who may see the task.")],
    *,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Say something about a task; it stays for good."""

    async def work(hub: Hub, actor: Actor) -> CommentView:
        return await talk.add(hub, actor, task, text)

    said = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document(said)
    else:
        output.say(f"Said; told {', '.join(said.mentions)}." if said.mentions else "Said.")


def comments(
    task: Id,
    *,
    before: Annotated[int | None, typer.Option("--page", metavar="CURSOR", help="Those before this one.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 50,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """List what was said about a task, the newest first."""

    async def work(hub: Hub, actor: Actor) -> list[CommentView]:
        return await talk.of_task(hub, actor, task, before=before, limit=limit)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document(found)
        return
    rows = [(one.at, one.by, one.text) for one in found]
    more = str(found[-1].id) if len(found) == limit else None
    output.table("Comments", ("when", "who", "text"), rows, empty="Nobody has said anything yet.", more=more)


def why(task: Id, *, as_user: session.AsUser = None, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """Tell why a person has a task: whom it was given to, by which rule, and what has moved it since."""

    async def work(hub: Hub, actor: Actor) -> reasons.Why:
        return await reasons.why(hub, actor, task)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document(found)
        return
    of = found.task
    known = {"for": of.user or of.group, "claimed by": of.claimed_by, "given by the rule": of.assignment}
    stands_in = {"stands in for": found.stands_in_for, "away until": found.away_until, "has to do with it": found.part}
    output.pairs(of.id, {**known, **stands_in})
    rows = [(one.at, one.act, one.by, one.user or one.group or one.told, one.reason) for one in found.moves]
    output.table("Moves", ("when", "what", "by", "to", "why"), rows, empty="Nothing has moved it.")
