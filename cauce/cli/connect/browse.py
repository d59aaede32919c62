"""`cauce connect browse`: looks through the catalogue behind a connection."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.services import browsing
from cauce.services.hub import Actor, Hub

JSON = Any


def browse(
    connection: Annotated[str, typer.Argument(metavar="CONNECTION", help="A published connection of kind odbc.")],
    place: Annotated[
        str, typer.Argument(metavar="[SCHEMA[.TABLE]]", help="A schema, a table, a view or a procedure.")
    ] = "",
    *,
    rows: Annotated[
        int, typer.Option("--rows", min=0, max=browsing.most_rows, help="Show so many rows of a table, masked.")
    ] = 0,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Show the tables, views and procedures of a database, or the columns and keys of one.

    Rows are shown as what they look like: every letter an x, every digit a 9.
    """

    async def work(hub: Hub, actor: Actor) -> Mapping[str, JSON]:
        return await browsing.browse(hub, actor, connection, place, rows)

    found = session.run(work, data_dir=data_dir)
    if as_json:
        output.document(dict(found))
        return
    if found["what"] == "list":
        listed = [(each["schema"], each["name"], each["kind"]) for each in found["items"]]
        output.table(connection, ("schema", "name", ""), listed, empty="There is nothing here that the login may see.")
        if found["more"]:
            output.say("There are more; name a schema.")
        return
    title = f"{found['schema']}.{found['name']}" if found["schema"] else found["name"]
    if found["what"] == "procedure":
        parameters = [(each["name"], each["way"], each["type"]) for each in found["parameters"]]
        output.table(f"{title} (procedure)", ("parameter", "", "type"), parameters, empty="It takes no parameters.")
        return
    _table(found, f"{title} ({found['what']})")


def _table(found: Mapping[str, JSON], title: str) -> None:
    columns = [
        (each["name"], each["type"], "" if each["nullable"] else "not null", each["default"] or "", each["key"] or "")
        for each in found["columns"]
    ]
    output.table(title, ("column", "type", "", "default", "key"), columns)
    for each in found["references"]:
        output.say(f"({', '.join(each['columns'])}) refers to {each['table']} ({', '.join(each['to'])})")
    if found.get("rows"):
        names = list(found["rows"][0])
        output.table("Rows, masked", tuple(names), [tuple(row[name] for name in names) for row in found["rows"]])
