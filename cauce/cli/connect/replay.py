"""`cauce connect replay`: serves a recording in the place of the system."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from cauce.cli import output
from cauce.cli.imports import imported
from cauce.errors import InputError
from cauce.recording.fixtures import Fixture, read


def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A recording, as 'cauce connect export' makes it.")],
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")] = 8099,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    delays: Annotated[bool, typer.Option("--delays/--no-delays", help="Take as long as the system took.")] = True,
    as_json: output.AsJson = False,
) -> None:
    """Answer HTTP and SOAP requests as they were answered when they were recorded, faults and lost answers included.

    Ids and moments that are made anew, and values that were masked, need not be the same. A request that is like none
    of the recorded ones gets an error which names the nearest. It runs until Ctrl-C.
    """
    asyncio.run(_serve(read(file), host, port, delays=delays, as_json=as_json))


async def _serve(fixture: Fixture, host: str, port: int, *, delays: bool, as_json: bool) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        async with imported("cauce.testing.stand_in").serving(fixture, host=host, port=port, delays=delays) as address:
            wsdl = f"{address}/?wsdl" if fixture.documents else ""
            if as_json:
                output.document({"recording": fixture.name, "address": address, "wsdl": wsdl or None})
            count = len(fixture.exchanges)
            output.say(f"{fixture.name} ({count} exchanges) is served at {wsdl or address} until Ctrl-C.")
            await stop.wait()
    except OSError as error:
        problem = f"Nothing can listen on {host}, port {port}: {error.strerror or error}."
        raise InputError(problem, hint="Name another one with --port; 0 takes a free one.") from error
