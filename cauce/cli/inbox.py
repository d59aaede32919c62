"""The commands of `cauce tasks` for the inbox as a whole: the list, how much is in it, and the views a person keeps."""

from dataclasses import replace
from typing import Annotated, Any, Literal

import typer

from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.errors import NotFoundError
from cauce.services import tasks
from cauce.services.hub import Actor, Hub
from cauce.services.inbox import listing, views
from cauce.services.inbox.views import View
from cauce.store.inbox import Filters
from cauce.store.inbox_counts import Counts

Text = Annotated[
    str, typer.Option(metavar="WORDS", help="Words, or how they begin: of title, case, process, customer and data.")
]
Group = Annotated[str | None, typer.Option(help="The group that does them.")]
Form = Annotated[str | None, typer.Option(help="The form they have.")]
Definition = Annotated[str | None, typer.Option(metavar="PROCESS", help="The process they belong to.")]
Severity = Annotated[
    Literal["low", "medium", "high", "critical"] | None, typer.Option(help="low, medium, high or critical.")
]
State = Literal["open", "claimed", "completed", "sent-back", "cancelled", "expired"]
StateWanted = Annotated[State | None, typer.Option(help="open, claimed, completed, sent-back, cancelled or expired.")]
ViewName = Annotated[str, typer.Argument(metavar="NAME", help="What the view is called.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to a group of commands."""
    for name, command in (
        ("list", list_),
        ("counts", counts),
        ("views", list_views),
        ("keep-view", keep_view),
        ("drop-view", drop_view),
    ):
        app.command(name)(command)


def list_(  # noqa: PLR0913 - one parameter for each option
    *,
    view: Annotated[str | None, typer.Option(metavar="NAME", help="As in this view that the person keeps.")] = None,
    text: Text = "",
    state: StateWanted = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only what is claimed by or assigned to the person.")] = False,
    groups: Annotated[bool, typer.Option("--my-groups", help="Only what is for a group of the person's.")] = False,
    free: Annotated[bool, typer.Option("--free", help="Only what nobody has yet.")] = False,
    late: Annotated[bool, typer.Option("--late", help="Only what is past due.")] = False,
    group: Group = None,
    form: Form = None,
    definition: Definition = None,
    severity: Severity = None,
    instance: Annotated[str | None, typer.Option(metavar="ID", help="The instance they belong to.")] = None,
    delegated: Annotated[bool, typer.Option("--delegated", help="Only what the person has handed to others.")] = False,
    set_aside: Annotated[bool, typer.Option("--set-aside", help="Only what waits for its follow-up date.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 50,
    page: Annotated[str | None, typer.Option(metavar="CURSOR", help="Where to go on, from the last page.")] = None,
    ids: Annotated[bool, typer.Option("--ids", help="Print the ids and nothing else, one a line.")] = False,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """List tasks, the most urgent first."""
    said = _said(
        text=text, state=state, mine=mine, of_groups=groups, free=free, late=late, group=group, form=form,
        definition=definition, severity=severity, instance=instance, delegated=delegated, set_aside=set_aside,
    )  # fmt: skip

    async def work(hub: Hub, actor: Actor) -> tasks.Inbox:
        kept = views.meaning((await _named(hub, actor, view)).filters) if view else Filters()
        return await tasks.inbox(hub, actor, replace(kept, **said), after=page, limit=limit)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    _print(found, ids=ids, as_json=as_json)


def counts(*, as_user: session.AsUser = None, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """Count the open tasks that concern the person: in all, by what they are, and by form."""

    async def work(hub: Hub, actor: Actor) -> Counts:
        return await listing.counts(hub, actor)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document(found)
        return
    lists = ("open", "mine", "groups", "free", "overdue", "set_aside", "delegated")
    rows = [(name.replace("_", " "), getattr(found, name)) for name in lists]
    output.table("Inbox", ("tasks", "number"), [*rows, *((f"form {form}", number) for form, number in found.by_form)])


def list_views(*, as_user: session.AsUser = None, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """List the views of the inbox that the person keeps."""
    found = session.run(views.of_person, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document({"views": found})
        return
    rows = [
        (one.name, ", ".join(f"{key}={value}" for key, value in one.filters.items()), ", ".join(one.columns))
        for one in found
    ]
    output.table("Views", ("name", "filters", "columns"), rows, empty="No view is kept.")


def keep_view(  # noqa: PLR0913 - one parameter for each option
    name: ViewName,
    *,
    which: Annotated[str, typer.Option(metavar="LIST", help=f"One of {', '.join(views.WHICH)}.")] = "all",
    text: Text = "",
    group: Group = None,
    form: Form = None,
    definition: Definition = None,
    severity: Severity = None,
    column: Annotated[list[str] | None, typer.Option(help="A column to show; may be repeated.")] = None,
    standard: Annotated[bool, typer.Option("--standard", help="The person's inbox opens with it.")] = False,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Keep a view of the inbox for a person, in the place of the one of that name if there is one."""
    given = {"which": which, "text": text, "group": group, "form": form, "definition": definition, "severity": severity}

    async def work(hub: Hub, actor: Actor) -> View:
        return await views.save(hub, actor, name, _said(**given), column or [], standard=standard)

    kept = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document(kept)
    else:
        output.say(f"The view '{kept.name}' is kept.")


def drop_view(
    name: ViewName, *, as_user: session.AsUser = None, data_dir: DataDir = None, as_json: output.AsJson = False
) -> None:
    """Forget a view of the inbox that the person keeps."""

    async def work(hub: Hub, actor: Actor) -> None:
        await views.drop(hub, actor, (await _named(hub, actor, name)).id)

    session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document({"view": name})
    else:
        output.say(f"The view '{name}' is gone.")


async def _named(hub: Hub, actor: Actor, name: str) -> View:
    known = await views.of_person(hub, actor)
    found = next((one for one in known if one.name == name), None)
    if found is None:
        there = ", ".join(one.name for one in known) or "none"
        raise NotFoundError(f"'{actor.name}' keeps no view '{name[:80]}'.", hint=f"Kept are: {there}.")
    return found


def _said(**filters: str | bool | None) -> dict[str, Any]:
    """Return the filters that somebody gave."""
    return {name: value for name, value in filters.items() if value}


def _print(found: tasks.Inbox, *, ids: bool, as_json: bool) -> None:
    if as_json:
        output.document(found)
        return
    if ids:
        for one in found.tasks:
            output.line(one.id)
        return
    rows = [
        (one.id, one.name, one.business_key, one.user or one.group, one.state, one.claimed_by, one.due_at)
        for one in found.tasks
    ]
    columns = ("id", "task", "case", "for", "state", "claimed by", "due")
    output.table("Inbox", columns, rows, empty="The inbox is empty.", more=found.after)
