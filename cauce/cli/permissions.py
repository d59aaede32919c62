"""`cauce permissions`: who may do what on what, and why."""

from typing import Annotated

import typer

from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.permissions import ACTS, Decision, Grant
from cauce.services.hub import Actor, Hub
from cauce.services.permissions import duties, explaining, grants
from cauce.services.permissions.explaining import Rights
from cauce.services.permissions.grants import GrantView

app = typer.Typer(no_args_is_help=True)
Of = Annotated[
    str, typer.Argument(metavar="WHAT", help="A task's id, an instance's, a process as NAMESPACE.NAME, or form:NAME.")
]


@app.command("list")
def list_(*, data_dir: DataDir = None, as_user: session.AsUser = None, as_json: output.AsJson = False) -> None:
    """List everything that is granted; without any grant, roles decide alone."""
    found = session.run(grants.list_grants, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document({"grants": [_plain(each) for each in found]})
        return
    rows = [
        (each.grant.id, str(each.grant), each.grant.note, each.grant.by, "" if each.known else "nothing published")
        for each in found
    ]
    output.table("Grants", ("id", "grant", "note", "by", ""), rows, empty="Nothing is granted: roles decide alone.")


@app.command()
def grant(
    who: Annotated[str, typer.Argument(metavar="WHO", help="person:NAME, group:NAME or role:NAME.")],
    acts: Annotated[str, typer.Argument(metavar="ACTS", help=f"Some of {','.join(ACTS)}, with commas.")],
    on: Annotated[str, typer.Argument(metavar="WHERE", help="*, namespace:NAME, process:NAMESPACE.NAME or form:NAME.")],
    *,
    only: Annotated[bool, typer.Option("--only", help="Close it to everybody whom no grant names.")] = False,
    note: Annotated[str, typer.Option(help="Why; it is shown beside the grant.")] = "",
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
    as_json: output.AsJson = False,
) -> None:
    """Let somebody do something somewhere, instead of what they were granted there before."""

    async def work(hub: Hub, actor: Actor) -> GrantView:
        return await grants.grant(hub, actor, who, acts.split(","), on, only=only, note=note)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document(_plain(found))
        return
    output.say(f"Granted as {found.grant.id}: {found.grant}.")
    if not found.known:
        output.say("Nothing is published yet that this speaks of.")


@app.command()
def revoke(
    number: Annotated[int, typer.Argument(metavar="ID", help="Its number, as `cauce permissions list` shows it.")],
    *,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
    as_json: output.AsJson = False,
) -> None:
    """Take a grant back."""

    async def work(hub: Hub, actor: Actor) -> Grant:
        return await grants.revoke(hub, actor, number)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document({"revoked": str(found)})
    else:
        output.say(f"Taken back: {found}.")


@app.command()
def why(of: Of, *, data_dir: DataDir = None, as_user: session.AsUser = None, as_json: output.AsJson = False) -> None:
    """Say what somebody may do with something, and why; --as names the person."""

    async def work(hub: Hub, actor: Actor) -> Rights:
        return await explaining.why(hub, actor, of)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document(_rights(found))
        return
    rows = [(act, "yes" if each.allowed else "no", reason(each)) for act, each in found.acts.items()]
    output.table(f"What {found.person} may do", ("act", "may", "because"), rows, empty="")
    if found.concerned:
        output.say("The task is, or was, for them.")


@app.command()
def who(of: Of, *, data_dir: DataDir = None, as_user: session.AsUser = None, as_json: output.AsJson = False) -> None:
    """Say who sees something, and what else they may do with it."""

    async def work(hub: Hub, actor: Actor) -> list[Rights]:
        return await explaining.who_may(hub, actor, of)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document({"people": [_rights(each) for each in found]})
        return
    rows = [
        (
            each.person,
            "yes" if each.sees else "no",
            ", ".join(act for act, one in each.acts.items() if one.allowed and act != "see"),
            "It is for them." if each.sees and not each.acts["see"].allowed else reason(each.acts["see"]),
        )
        for each in found
    ]
    output.table("Who may do what", ("person", "sees", "may", "because"), rows, empty="There are no accounts.")


@app.command("duties")
def duties_(
    *,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a table for a spreadsheet.")] = False,
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
    as_json: output.AsJson = False,
) -> None:
    """Say what policies keep apart, who could do it alone all the same, and who did."""
    found = session.run(duties.report, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document({"duties": found})
        return
    if as_csv:
        output.line(duties.as_csv(found).rstrip())
        return
    rows = [(" / ".join(duty.forms), "could", one.person, "", "") for duty in found for one in duty.could]
    rows += [
        (" / ".join(duty.forms), "did", one.person, one.case, one.last_at.isoformat(timespec="minutes"))
        for duty in found
        for one in duty.did
    ]
    output.table("Duties apart", ("forms", "", "person", "case", "at"), rows, empty="Nobody could, and nobody did.")


def reason(decision: Decision) -> str:
    """Say why somebody may do something, or not."""
    match decision.because:
        case "admin":
            return "administrators may do everything"
        case "grant":
            return f"granted: {decision.grant}"
        case "closed":
            return f"closed: {decision.grant}"
        case "role":
            return f"the role {decision.role}"
        case "nothing":
            return "neither a role nor a grant gives it"


def _plain(view: GrantView) -> dict[str, object]:
    return {"id": view.grant.id, "grant": str(view.grant), "note": view.grant.note, "known": view.known}


def _rights(found: Rights) -> dict[str, object]:
    acts = {act: {"may": each.allowed, "because": reason(each)} for act, each in found.acts.items()}
    return {"person": found.person, "sees": found.sees, "concerned": found.concerned, "acts": acts}
