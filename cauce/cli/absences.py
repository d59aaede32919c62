"""`cauce absences`: who is away, who stands in, and who holds what on a day."""

from datetime import UTC, date, datetime
from typing import Annotated

import typer

from cauce.absence import local_day
from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.errors import InputError
from cauce.services import absences
from cauce.services.hub import Actor, Hub

app = typer.Typer(no_args_is_help=True)
Person = Annotated[str, typer.Argument(metavar="NAME", help="The name of the account.")]
Group = Annotated[str | None, typer.Option(help="Only for the tasks of this group.")]
Form = Annotated[str | None, typer.Option(help="Only for the tasks with this form.")]


@app.command("list")
def list_(
    *,
    person: Annotated[str | None, typer.Option(metavar="NAME", help="Only theirs.")] = None,
    since: Annotated[str | None, typer.Option(metavar="DAY", help="What is not over then; today if not given.")] = None,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """List the absences that are not over."""
    first = day_of(since) if since else None

    async def work(hub: Hub, actor: Actor) -> list[absences.AbsenceView]:
        return await absences.list_absences(hub, actor, person=person, since=first)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document({"absences": found})
        return
    columns = ("id", "who", "from", "to", "stands in", "group", "form", "note")
    rows = [(a.id, a.person, a.begins, a.ends, a.substitute, a.group, a.form, a.note) for a in found]
    output.table("Absences", columns, rows, empty="Nobody is away.")


@app.command()
def add(  # noqa: PLR0913 - one parameter for each option
    name: Person,
    *,
    first: Annotated[str, typer.Option("--from", metavar="DAY", help="The first day.")],
    last: Annotated[str, typer.Option("--to", metavar="DAY", help="The last day; the first one if not given.")] = "",
    substitute: Annotated[str | None, typer.Option(metavar="NAME", help="Who stands in.")] = None,
    group: Group = None,
    form: Form = None,
    note: Annotated[str, typer.Option(help="What others should know.")] = "",
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Enter an absence: new tasks pass by, and what is open goes to who stands in."""
    entry = absences.Entry(name, day_of(first), day_of(last or first), substitute, group, form, note)

    async def work(hub: Hub, actor: Actor) -> absences.AbsenceView:
        return await absences.enter(hub, actor, entry)

    entered = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document(entered)
    else:
        who = f"{entered.substitute} stands in" if entered.substitute else "nobody stands in"
        output.say(f"{entered.person} is away from {entered.begins} to {entered.ends} ({entered.id}); {who}.")


@app.command()
def remove(
    absence: Annotated[int, typer.Argument(metavar="ID", help="The number of the absence.")],
    *,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Take an absence back."""

    async def work(hub: Hub, actor: Actor) -> None:
        await absences.remove(hub, actor, absence)

    session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document({"removed": absence})
    else:
        output.say(f"The absence {absence} is taken back.")


@app.command()
def who(
    of: Annotated[str, typer.Argument(metavar="NAME|TASK", help="An account, or with --task the id of a task.")],
    *,
    on: Annotated[str, typer.Option(metavar="DAY", help="The day; today if not given.")] = "",
    task: Annotated[bool, typer.Option("--task", help="It is the id of a task.")] = False,
    group: Group = None,
    form: Form = None,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Say who holds somebody's tasks on a day, by the absences known today."""
    day = day_of(on) if on else local_day(datetime.now(UTC))

    async def work(hub: Hub, actor: Actor) -> absences.Answer:
        if task:
            return await absences.who_has(hub, actor, of, day)
        return await absences.who(hub, actor, of, day, group=group, form=form)

    answer = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document(answer)
        return
    for each in answer.away:
        stands_in = f"{each.substitute} stands in" if each.substitute else "nobody stands in"
        output.line(f"{each.person} is away until {each.until}; {stands_in}.")
    output.line(f"{answer.day}: {answer.holder or nobodys[answer.why]}")


nobodys = {
    "nobody": "nobody; what is a group's is held by the group",
    "cycle": "nobody, because they stand in for each other; what is a group's is held by the group",
    "barred": "nobody, because who stands in has no account that does tasks",
}


def day_of(text: str) -> date:
    """Return the day that somebody wrote."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"'{text[:40]}' is no day.", hint="Write year, month and day: 2026-12-24.") from error
