"""The commands of `cauce tasks` that do one thing with many tasks, and say what came of each."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from cauce.cli import inputs, output, session
from cauce.cli.data_dir import DataDir
from cauce.errors import ConflictError
from cauce.services import task_batches
from cauce.services.hub import Actor, Hub
from cauce.services.task_batches import Row

Ids = Annotated[
    list[str], typer.Argument(metavar="ID...", help="The ids of the tasks, at most 200; - reads them from stdin.")
]
Act = Callable[[Hub, Actor, Sequence[str]], Awaitable[list[Row]]]


def add_to(app: typer.Typer) -> None:
    """Add these commands to a group of commands."""
    for name, command in (
        ("claim-many", claim_many),
        ("complete-many", complete_many),
        ("assign-many", assign_many),
        ("priority-many", priority_many),
    ):
        app.command(name)(command)


def claim_many(
    ids: Ids, *, as_user: session.AsUser = None, data_dir: DataDir = None, as_json: output.AsJson = False
) -> None:
    """Take many tasks; each is the person's or not by itself."""
    _run(ids, task_batches.claim, as_user=as_user, data_dir=data_dir, as_json=as_json)


def complete_many(
    ids: Ids,
    *,
    answer: inputs.Input = None,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Give one answer to many tasks of one kind; what cannot be done leaves the others alone."""
    given = inputs.value(answer, default={})

    async def act(hub: Hub, actor: Actor, wanted: Sequence[str]) -> list[Row]:
        return await task_batches.complete(hub, actor, wanted, given)

    _run(ids, act, as_user=as_user, data_dir=data_dir, as_json=as_json)


def assign_many(
    ids: Ids,
    *,
    user: Annotated[str | None, typer.Option(metavar="PERSON", help="The person who gets them.")] = None,
    group: Annotated[str | None, typer.Option(help="The group that gets them.")] = None,
    note: Annotated[str, typer.Option(help="What they have to know.")] = "",
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Give many tasks to a person or a group, whoever has them now; for managers."""

    async def act(hub: Hub, actor: Actor, wanted: Sequence[str]) -> list[Row]:
        return await task_batches.assign(hub, actor, wanted, user=user, group=group, note=note)

    _run(ids, act, as_user=as_user, data_dir=data_dir, as_json=as_json)


def priority_many(
    value: Annotated[int, typer.Argument(metavar="PRIORITY", min=0, max=100, help="From 0 to 100.")],
    ids: Ids,
    *,
    reason: Annotated[str, typer.Option(help="Why; it is in the audit trail.")] = "",
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Change how urgent many tasks are; for managers."""

    async def act(hub: Hub, actor: Actor, wanted: Sequence[str]) -> list[Row]:
        return await task_batches.set_priority(hub, actor, wanted, value, reason)

    _run(ids, act, as_user=as_user, data_dir=data_dir, as_json=as_json)


def _run(ids: Sequence[str], act: Act, *, as_user: str | None, data_dir: Path | None, as_json: bool) -> None:
    """Do it, print a row for each task, and fail when one of them was not done."""
    wanted = sys.stdin.read().split() if list(ids) == ["-"] else ids
    rows = session.run(lambda hub, actor: act(hub, actor, wanted), data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document(rows)
    else:
        shown = [(one.id, one.state or "not done", (one.problem or {}).get("detail", "")) for one in rows]
        output.table("Batch", ("id", "state", "problem"), shown, empty="Nothing was done.")
    left = sum(one.problem is not None for one in rows)
    if left:
        raise ConflictError(f"{left} of {len(rows)} tasks could not be done.", hint="Look at each of them.")
