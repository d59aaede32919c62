"""`cauce connect import`: a contract in, a connection's file out."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from cauce.cli import output
from cauce.cli.data_dir import load_settings
from cauce.errors import ConflictError, InputError
from cauce.http import close_sessions
from cauce.services import import_drafts, importing
from cauce.services.importing import Imported, Wish

_sources = (
    "A WSDL (file, folder, zip or address), an OpenAPI document (file or address), a SQLite file, or settings of a "
    "database such as 'Driver=postgresql;Server=db;Database=shop;UID=reader'."
)
Source = Annotated[str, typer.Argument(metavar="SOURCE", help=_sources)]
Kind = Annotated[str | None, typer.Option(metavar="KIND", help="soap, odbc, http …; found out otherwise.")]
Name = Annotated[
    str | None, typer.Option(metavar="NAME", help="The connection's name; taken from the source otherwise.")
]
Only = Annotated[
    list[str] | None,
    typer.Option(metavar="PATTERN", help="Import only operations (or tables) whose names match, such as 'Get*'."),
]
Hosts = Annotated[
    list[str] | None, typer.Option(metavar="HOST", help="Another host that the contract may import from.")
]
File = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write the connection there; print it otherwise."),
]
Samples = Annotated[
    Path | None,
    typer.Option(
        "--samples", metavar="FILE", help="Write there, as JSON, what a request of each operation looks like."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the file.")]


def import_(  # noqa: PLR0913 - one for each option
    source: Source,
    *,
    kind: Kind = None,
    name: Name = None,
    only: Only = None,
    allow_host: Hosts = None,
    file: File = None,
    samples: Samples = None,
    force: Force = False,
    as_json: output.AsJson = False,
) -> None:
    """Turn a contract into a connection's file that passes 'cauce check'; nothing is published.

    What was left out, and what a person has to decide, is said, and stands in the file as comments. The login of a
    database is the secret NAME-password of this environment.
    """
    for each in (file, samples):
        if each is not None and each.exists() and not force:
            hint = "Name another one, or overwrite it with --force."
            raise ConflictError(f"There is a file {each} already.", hint=hint)
    imported = _import(Wish(source, kind=kind, name=name, only=tuple(only or ()), allow_hosts=tuple(allow_host or ())))
    if file is not None:
        _write(file, imported.text)
    made = import_drafts.samples(imported.text) if samples is not None or as_json else {}
    if samples is not None:
        _write(samples, json.dumps(made, ensure_ascii=False, indent=2) + "\n")
    if as_json:
        output.document(importing.as_data(imported) | {"samples": made})
        return
    if file is None:
        output.line(imported.text.rstrip("\n"))
    _tell(imported, file)


def _import(wish: Wish) -> Imported:
    settings = load_settings()

    async def work() -> Imported:
        try:
            return await importing.import_contract(wish, settings)
        finally:
            await close_sessions()

    return asyncio.run(work())


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}.", hint="Check the path.") from error


def _tell(imported: Imported, file: Path | None) -> None:
    """Say what became of every declared operation, and what comes next."""
    output.say(f"{imported.name}: {len(imported.operations)} of {imported.declared} declared operations imported.")
    for one in imported.left_out:
        output.say(f"  left out: {one.name}: {one.why}")
    for sentence in imported.decide:
        output.say(f"  decide: {sentence}")
    shown = file or "FILE"
    output.say(f"Next: go through the comments in {shown}, then 'cauce check {shown}' and 'cauce publish {shown}'.")
