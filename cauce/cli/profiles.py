"""`cauce profiles`: which connections stand behind the names that processes call."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.services import profiles
from cauce.services.hub import Actor, Hub
from cauce.services.profiles import Binding, ProfileView

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(*, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """List the profiles that are published or come with Cauce, and say which one holds here."""
    found = session.run(profiles.list_profiles, data_dir=data_dir)
    if as_json:
        output.document({"profiles": [_as_data(each) for each in found]})
        return
    rows = [
        (
            each.name,
            each.version or "comes with Cauce",
            "holds here" if each.active else "",
            ", ".join(f"{one.name} = {one.connection or 'absent'}" for one in each.bindings),
        )
        for each in found
    ]
    output.table("Profiles", ("name", "version", "", "connections"), rows)
    if not any(each.active for each in found):
        output.say("None is chosen: every name stands for the connection of that name. CAUCE_PROFILE chooses one.")


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="PROFILE", help="A profile that is published or comes with Cauce.")],
    *,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Show what a profile binds, what is wrong with it, and what published processes would miss under it."""

    async def work(hub: Hub, actor: Actor) -> ProfileView:
        return await profiles.profile(hub, actor, name)

    found = session.run(work, data_dir=data_dir)
    if as_json:
        output.document(_as_data(found))
        return
    rows = [
        (each.name, each.connection or "absent", ", ".join(each.capabilities), _said(each)) for each in found.bindings
    ]
    output.table(f"Profile {name}", ("name", "connection", "capabilities", ""), rows)
    for finding in found.missing:
        output.line(str(finding))
    count = len(found.missing)
    output.say(f"Published processes would miss {count or 'nothing'}{' things' if count else ''} under it.")


def _said(binding: Binding) -> str:
    absent = binding.absent
    why = absent.get("en") or next(iter(absent.values())) if isinstance(absent, Mapping) else absent
    return " ".join(binding.missing) or why or ("has to be certified" if binding.certified else "")


def _as_data(found: ProfileView) -> dict[str, Any]:
    return {
        "name": found.name,
        "title": found.title,
        "version": found.version or None,
        "active": found.active,
        "connections": found.bindings,
        "missing": [output.finding_data(each) for each in found.missing],
    }
