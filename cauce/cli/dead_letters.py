"""`cauce dead-letters`: what could not be applied is seen, corrected, sent again, or dropped with a reason."""

from collections.abc import Sequence
from typing import Annotated

import typer

from cauce.cli import inputs, output, session
from cauce.cli.data_dir import DataDir
from cauce.errors import InputError, PermanentError
from cauce.services import dead_letter_edits, dead_letters
from cauce.services.dead_letter_edits import Changed
from cauce.services.dead_letter_views import Detail
from cauce.services.dead_letters import Answer
from cauce.services.hub import Actor, Hub
from cauce.store.dead_letters import Cause, Filters, states

app = typer.Typer(no_args_is_help=True)
Id = Annotated[int, typer.Argument(metavar="ID", help="The number of the letter, as `list` shows it.")]
Ids = Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="The numbers of letters.")]
ByCause = Annotated[str | None, typer.Option("--cause", metavar="CAUSE", help="All open letters of this cause.")]


@app.command("list")
def list_(
    *,
    cause: Annotated[str | None, typer.Option(help="The letters of this cause; without, the causes.")] = None,
    state: Annotated[str, typer.Option(help=f"One of {', '.join(states)}.")] = "open",
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 50,
    page: Annotated[str | None, typer.Option(metavar="CURSOR", help="Where to go on, from the last page.")] = None,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """List what was refused, grouped by its cause; or the letters of one cause."""
    wanted = Filters(state=state, cause=cause)
    if cause is None:
        _show_causes(wanted, as_user=as_user, data_dir=data_dir, as_json=as_json)
        return

    async def work(hub: Hub, actor: Actor) -> dead_letters.Page:
        return await dead_letters.list_letters(hub, actor, wanted, after=page, limit=limit)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document(found)
        return
    rows = [
        (one.id, one.name, one.instance or one.identity, one.problem, one.attempts, one.state, one.decided_by)
        for one in found.letters
    ]
    columns = ("id", "refused by", "which", "why", "tried", "state", "by")
    output.table("Dead letters", columns, rows, empty="There are none of this cause.", more=found.next)


@app.command()
def show(id_: Id, *, as_user: session.AsUser = None, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """Show a letter: what was sent, what the contract wants of it, and what the ledger knows."""

    async def work(hub: Hub, actor: Actor) -> Detail:
        return await dead_letters.letter(hub, actor, id_)

    _show_letter(session.run(work, data_dir=data_dir, as_user=as_user), as_json=as_json)


@app.command()
def edit(
    ids: Ids = None,
    *,
    payload: Annotated[
        str | None, typer.Option(metavar="JSON|@FILE", help="What to send instead, of one letter: JSON, @file, or -.")
    ] = None,
    expression: Annotated[
        str | None, typer.Option(metavar="EXPRESSION", help="What makes it out of what was sent, of many.")
    ] = None,
    cause: ByCause = None,
    try_: Annotated[bool, typer.Option("--try", help="Only say what --expression would make of them.")] = False,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Put something else in the place of what was sent, of one letter or of many; nothing is sent yet."""
    if (payload is None) == (expression is None):
        raise InputError("Say what to send with --payload, or with --expression.", hint="One of the two is needed.")
    if expression is not None:

        async def change(hub: Hub, actor: Actor) -> list[Changed]:
            chosen = await _chosen(hub, actor, ids, cause)
            return await dead_letter_edits.change(hub, actor, chosen, expression, keep=not try_)

        _show_changed(session.run(change, data_dir=data_dir, as_user=as_user), as_json=as_json)
        return
    if ids is None or len(ids) != 1 or cause or try_:
        raise InputError("--payload is for one letter.", hint="Give its number; --expression changes many.")
    given = inputs.value(payload, "--payload")

    async def work(hub: Hub, actor: Actor) -> Detail:
        return await dead_letters.edit(hub, actor, ids[0], given)

    _show_letter(session.run(work, data_dir=data_dir, as_user=as_user), as_json=as_json)


@app.command()
def replay(
    ids: Ids = None,
    *,
    cause: ByCause = None,
    version: Annotated[
        str | None, typer.Option(help="The version of the sync or process that they go through, if not the active one.")
    ] = None,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Send letters again; the exit code is 1 when one of them was refused again."""

    async def work(hub: Hub, actor: Actor) -> list[Answer]:
        return await dead_letters.replay(hub, actor, await _chosen(hub, actor, ids, cause), version=version)

    _show_answers(session.run(work, data_dir=data_dir, as_user=as_user), {"replayed", "already-applied"}, as_json)


@app.command()
def drop(
    ids: Ids = None,
    *,
    reason: Annotated[str, typer.Option(help="Why it need not be applied; it stays beside your name.")],
    cause: ByCause = None,
    as_user: session.AsUser = None,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Close letters that will never be applied; they stay to be seen."""

    async def work(hub: Hub, actor: Actor) -> list[Answer]:
        return await dead_letters.drop(hub, actor, await _chosen(hub, actor, ids, cause), reason)

    _show_answers(session.run(work, data_dir=data_dir, as_user=as_user), {"dropped"}, as_json)


async def _chosen(hub: Hub, actor: Actor, ids: Sequence[int] | None, cause: str | None) -> Sequence[int]:
    if bool(ids) == bool(cause):
        raise InputError("Name letters by their numbers, or by --cause.", hint="'cauce dead-letters list' shows both.")
    return ids or await dead_letters.ids_of(hub, actor, cause or "")


def _show_causes(wanted: Filters, *, as_user: session.AsUser, data_dir: DataDir, as_json: bool) -> None:
    async def work(hub: Hub, actor: Actor) -> list[Cause]:
        return await dead_letters.list_causes(hub, actor, wanted)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document({"causes": found})
        return
    rows = [(one.cause, one.count, one.origin, one.name, one.title, one.oldest) for one in found]
    columns = ("cause", "letters", "origin", "refused by", "why", "since")
    output.table("Dead letters", columns, rows, empty="There are no dead letters.")


def _show_letter(found: Detail, *, as_json: bool) -> None:
    if as_json:
        output.document(found)
        return
    one = found.summary
    output.pairs(
        f"Dead letter {one.id}",
        {
            "origin": one.origin,
            "refused by": f"{one.operation}@{one.name}" if one.operation else one.name,
            "instance": one.instance,
            "why": " ".join(filter(None, [one.problem, one.hint])),
            "code": " ".join(filter(None, [one.code, one.remote_code])),
            "state": one.state,
            "tried": one.attempts,
            "by": one.decided_by,
            "reason": one.reason,
            "ledger": found.known and f"{found.known.state} {found.applied_as}".rstrip(),
            "sent": found.sent,
            "edited": found.edited,
        },
    )
    rows = [(each.pointer, each.sent, each.wanted, each.problem) for each in found.differences]
    none = "It fits the contract." if found.has_contract else "No contract says what is wanted."
    output.table("Differences", ("where", "sent", "wanted", ""), rows, empty=none)


def _show_changed(found: Sequence[Changed], *, as_json: bool) -> None:
    if as_json:
        output.document({"letters": found})
    else:
        rows = [(each.id, each.state, " ".join(filter(None, [each.sentence, each.hint])), each.after) for each in found]
        output.table("Dead letters", ("id", "state", "", "after"), rows, empty="There is nothing to do.")
    if any(each.state == "refused" or each.differences for each in found):
        raise typer.Exit(PermanentError.exit_code)


def _show_answers(answers: Sequence[Answer], good: set[str], as_json: bool) -> None:  # noqa: FBT001 - ours
    if as_json:
        output.document({"letters": answers})
    else:
        rows = [(each.id, each.state, " ".join(filter(None, [each.sentence, each.hint]))) for each in answers]
        output.table("Dead letters", ("id", "state", ""), rows, empty="There is nothing to do.")
    if any(each.state not in good for each in answers):
        raise typer.Exit(PermanentError.exit_code)
