"""`cauce connect record`, `samples`, `export` and `forget`: real exchanges, masked, as samples and as fixtures."""

from pathlib import Path
from typing import Annotated

import typer

from cauce.cli import output, session
from cauce.cli.data_dir import DataDir
from cauce.connection import seconds
from cauce.errors import ConflictError, InputError
from cauce.services import fixtures, recordings
from cauce.services.hub import Actor, Hub
from cauce.services.recordings import Recording, Sample

Name = Annotated[str, typer.Argument(metavar="CONNECTION", help="A published connection.")]
Operations = Annotated[
    list[str] | None, typer.Option("--operation", metavar="NAME", help="Only this one; may be repeated.")
]


def record(
    name: Name,
    *,
    lasts: Annotated[
        str | None,
        typer.Option("--for", metavar="DURATION", help="How long, such as PT10M; that, when nothing is said."),
    ] = None,
    calls: Annotated[int | None, typer.Option(metavar="N", help="How many calls.")] = None,
    operation: Operations = None,
    stop: Annotated[bool, typer.Option("--stop", help="Record no longer; what was recorded stays.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Change nothing; say whether it is recorded.")] = False,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Have the calls of a connection recorded, masked, for a time or a number of them; workers begin within seconds.

    Credentials are never kept, and mail addresses, phone, tax, bank and card numbers are masked; what else is, says
    `record` in the connection's file.
    """
    if (stop or show) and (lasts or calls or operation or (stop and show)):
        raise InputError("--stop and --show go with nothing else.", hint="Take one of them out.")
    lasts_s = None if lasts is None else seconds(lasts, "--for")

    async def work(hub: Hub, actor: Actor) -> Recording:
        if show:
            return await recordings.recording(hub, actor, name)
        if stop:
            return await recordings.stop(hub, actor, name)
        return await recordings.start(hub, actor, name, lasts_s=lasts_s, calls=calls, operations=operation or ())

    found = session.run(work, data_dir=data_dir)
    if as_json:
        output.document(found)
        return
    rows = list(found.recorded.items())
    output.table(f"Recorded of {name}", ("operation", "exchanges"), rows, empty=f"Nothing was recorded of {name} yet.")
    output.say(_said(found))


def samples(
    name: Name,
    operation: Annotated[str, typer.Argument(metavar="OPERATION", help="One of its operations.")],
    *,
    limit: Annotated[int, typer.Option(min=1, max=recordings.most_samples, help="How many at most.")] = 5,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Show the newest recorded calls of an operation: what was passed, sent, and answered."""

    async def work(hub: Hub, actor: Actor) -> list[Sample]:
        return await recordings.list_samples(hub, actor, name, operation, limit=limit)

    found = session.run(work, data_dir=data_dir)
    if as_json:
        output.document({"samples": found})
        return
    rows = [(each.at, _short(each.given), _short(each.request), _short(each.error or each.response)) for each in found]
    head = ("at", "with", "request", "answer or error")
    output.table(f"{operation}@{name}", head, rows, empty="Nothing was recorded of it yet.")


def export(
    name: Name,
    *,
    operation: Operations = None,
    most: Annotated[
        int, typer.Option(min=1, max=fixtures.most_exchanges, help="How many of the newest exchanges at most.")
    ] = 50,
    recording: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Its name; the connection's otherwise.")
    ] = "",
    file: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write it there, such as definitions/recordings/NAME.yaml."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    data_dir: DataDir = None,
    as_json: output.AsJson = False,
) -> None:
    """Make a fixture of what was recorded: a file that 'cauce check' checks and 'cauce connect replay' serves."""
    if file is not None and file.exists() and not force:
        raise ConflictError(f"There is a file {file} already.", hint="Name another one, or overwrite it with --force.")

    async def work(hub: Hub, actor: Actor) -> fixtures.Fixture:
        title = recording or (file.stem if file else name)
        return await fixtures.export(hub, actor, name, recording=title, operations=operation or (), most=most)

    made = session.run(work, data_dir=data_dir)
    if file is not None:
        _write(file, made.text)
    if as_json:
        output.document(made)
    elif file is None:
        output.line(made.text.rstrip("\n"))
    left = f"; {made.left_out} older ones did not fit" if made.left_out else ""
    output.say(f"{made.name}: {made.exchanges} exchanges{left}. Look through it before you commit it.")
    if made.problem:
        output.say(f"The contract is not in it, so clients cannot begin with its replay: {made.problem}")


def forget(name: Name, *, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """Delete what was recorded of a connection; fixtures made of it stay."""

    async def work(hub: Hub, actor: Actor) -> int:
        return await recordings.forget(hub, actor, name)

    gone = session.run(work, data_dir=data_dir)
    if as_json:
        output.document({"connection": name, "forgotten": gone})
    else:
        output.say(f"{gone} exchanges of {name} were deleted.")


def _said(found: Recording) -> str:
    if found.always:
        return f"{found.connection} is always recorded, as its file says."
    if found.until is None:
        return f"{found.connection} is not recorded now."
    left = f", {found.calls_left} calls more at most" if found.calls_left is not None else ""
    return f"{found.connection} is recorded until {found.until:%Y-%m-%d %H:%M:%S} UTC{left}."


def _short(value: object) -> str:
    text = output.json_text(value)
    return text if len(text) <= _widest else f"{text[: _widest - 1]}…"


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}.", hint="Check the path.") from error


_widest = 200
