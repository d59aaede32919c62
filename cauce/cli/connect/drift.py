"""`cauce connect drift`: reads contracts again, and says what changed and what that touches."""

from typing import Annotated

import typer

from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.errors import InputError, PermanentError
from cauce.http import close_sessions
from cauce.services.drift import cases
from cauce.services.drift.cases import Case, Drift
from cauce.services.hub import Actor, Hub

Name = Annotated[str | None, typer.Argument(metavar="NAME", help="A published connection; all otherwise.")]
Accept = Annotated[bool, typer.Option("--accept", help="Take the contract as it is now for the one agreed.")]
Acknowledge = Annotated[bool, typer.Option("--acknowledge", help="Note that you know of it and see to it.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; --accept asks for it.")]


def drift(
    name: Name = None,
    *,
    accept: Accept = False,
    acknowledge: Acknowledge = False,
    reason: Reason = "",
    data_dir: DataDir = None,
    as_user: session.AsUser = None,
    as_json: output.AsJson = False,
) -> None:
    """Read what systems say of themselves again, and say what changed since it was agreed, and what that touches.

    The exit code is 1 when something changed that breaks what is sent or read. A system that cannot be reached is no
    drift, but is said.
    """
    if (accept or acknowledge) and (name is None or accept == acknowledge):
        raise InputError("Only one thing is decided, about one connection.", hint="Name the connection.")

    async def work(hub: Hub, actor: Actor) -> list[Drift]:
        try:
            found = await cases.look_at_all(hub, actor) if name is None else [await cases.look(hub, actor, name)]
            if name is None or not (accept or acknowledge):
                return found
            return [await _decided(hub, actor, found[0])]
        finally:
            await close_sessions()

    async def _decided(hub: Hub, actor: Actor, found: Drift) -> Drift:
        if found.case is None:
            raise InputError(f"'{found.connection}' has not drifted.", hint="There is nothing to decide.")
        decide = cases.accept if accept else cases.acknowledge
        return await decide(hub, actor, found.connection, found.case.number, reason)

    found = session.run(work, data_dir=data_dir, as_user=as_user)
    if as_json:
        output.document({"connections": found})
    else:
        for each in found:
            _tell(each)
        if not found:
            output.say("No published connection has a contract that can be read again.")
    if not (accept or acknowledge) and any(each.case is not None and each.case.breaking for each in found):
        raise typer.Exit(PermanentError.exit_code)


def _tell(found: Drift) -> None:
    if found.problem:
        output.say(f"{found.connection}: its contract cannot be read now: {found.problem}")
    if found.case is None:
        if not found.problem:
            output.say(f"{found.connection}: as agreed.")
        return
    case = found.case
    kind = "breaking" if case.breaking else "compatible"
    owner = f", for {found.owner}" if found.owner else ""
    rows = [
        (each.operation, each.direction, "breaks" if each.breaking else "fits", each.sentence) for each in case.changes
    ]
    title = f"{found.connection}: {kind} drift, case {case.number} ({case.state}){owner}"
    output.table(title, ("operation", "", "", "what changed"), rows)
    _tell_touched(case)
    if case.state == "open":
        output.say(f"Next: mend what it touches, publish that, then --accept --reason '…' ({found.connection}).")


def _tell_touched(case: Case) -> None:
    rows = [("mapping", f"{each.operation}.{each.part}", each.path, each.how) for each in case.mappings]
    rows += [(each.kind, f"{each.definition} {each.version}", ", ".join(each.tasks), "") for each in case.definitions]
    rows += [("instance", each.id, each.version, "running") for each in case.instances]
    output.table("It touches", ("", "", "", "how"), rows, empty="It touches nothing that is published.")
    if case.problem:
        output.say(f"Running instances are not known: {case.problem}")
