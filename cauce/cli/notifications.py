"""`cauce notifications`: what people are told, what they want of it by mail, and what became of the mails."""

from typing import Annotated

import typer

from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.errors import InputError
from cauce.services import notifications
from cauce.services.hub import Actor, Hub
from cauce.services.mails import letters
from cauce.services.mails.letters import LetterView
from cauce.services.notifications import Choice, Notifications

app = typer.Typer(no_args_is_help=True)
Of = Annotated[str, typer.Argument(metavar="NAME", help="The name of the account.")]
How = Annotated[str | None, typer.Option(metavar="HOW", help="none, at-once or daily.")]


@app.command("list")
def list_(
    name: Of,
    *,
    unread: Annotated[bool, typer.Option("--unread", help="Only what has not been read.")] = False,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """List what somebody is told, the newest first."""

    async def work(hub: Hub, actor: Actor) -> Notifications:
        return await notifications.list_notifications(hub, actor, unread=unread)

    found = session.run(work, data_dir=data_dir, as_user=name)
    if as_json:
        output.document(found)
        return
    rows = [
        (each.at.isoformat(timespec="seconds"), each.title, each.link, "" if each.read_at else "new")
        for each in found.items
    ]
    output.table("Notifications", ("at", "what", "where", ""), rows, empty="Nothing yet.")


@app.command()
def mail(
    name: Of,
    *,
    email: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Where mail goes; empty for nowhere.")] = None,
    told: How = None,
    task: How = None,
    late: How = None,
    mention: How = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Show what somebody gets by mail, or choose it: told by processes, a task given, what is late, a mention."""
    given = {"told": told, "task": task, "late": late, "mention": mention}
    kinds = {kind: how for kind, how in given.items() if how is not None}

    async def work(hub: Hub, actor: Actor) -> Choice:
        if email is None and not kinds:
            return await notifications.choice(hub, actor)
        return await notifications.choose(hub, actor, email=email, kinds=kinds)

    chosen = session.run(work, data_dir=data_dir, as_user=name)
    if as_json:
        output.document(chosen)
        return
    rows = [("address", chosen.email), *chosen.kinds.items()]
    output.table(f"Mail for {name}", ("what", "how"), rows)
    if not chosen.is_set_up:
        output.say("No mail goes out: publish a connection of kind mail with an operation `send`.")


@app.command()
def mails(
    *,
    state: Annotated[str | None, typer.Option(metavar="STATE", help="Only these: due, sent or lost.")] = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """List the mails to people, the newest first, and what became of them."""
    if state not in {None, *letters.STATES}:
        raise InputError(f"There is no state '{state}'.", hint=f"Use one of {', '.join(letters.STATES)}.")

    async def work(hub: Hub, actor: Actor) -> list[LetterView]:
        return await letters.list_letters(hub, actor, state=state)

    found = session.run(work, data_dir=data_dir)
    if as_json:
        output.document({"mails": found})
        return
    rows = [(one.id, one.person, one.state, one.made_at.isoformat(timespec="seconds"), one.problem) for one in found]
    output.table("Mails", ("mail", "for", "state", "made", "problem"), rows, empty="No mail was made yet.")


@app.command("send-again")
def send_again(
    mail_id: Annotated[str, typer.Argument(metavar="ID", help="The mail's number.")],
    *,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
) -> None:
    """Send a mail that was lost after all."""

    async def work(hub: Hub, actor: Actor) -> LetterView:
        return await letters.send_again(hub, actor, mail_id)

    sent = session.run(work, data_dir=data_dir, as_user=as_user)
    output.say(f"The mail to {sent.person} goes out again.")
