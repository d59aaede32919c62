"""`cauce up`, `down` and `status`: the embedded stack on this machine."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Annotated

import typer

from cauce.cli import output
from cauce.cli.data_dir import DataDir, load_settings
from cauce.cli.imports import imported
from cauce.embedded import state
from cauce.embedded.child import last_line
from cauce.embedded.status import Component
from cauce.embedded.status import status as embedded_status
from cauce.errors import NotFoundError, TransientError
from cauce.services.access import first_login
from cauce.services.access.first_login import FirstLogin
from cauce.settings import Settings

_start_patience_s = 120.0
_stop_patience_s = 60.0


def up(
    *,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when everything works.")] = False,
    temporal_ui: Annotated[bool, typer.Option(help="Start Temporal's own web UI too.")] = True,
    data_dir: DataDir = None,
) -> None:
    """Start Temporal, the API and a worker on this machine, and keep them running until Ctrl-C."""
    settings = load_settings(data_dir)
    if detach:
        _detach(settings, temporal_ui=temporal_ui)
    else:
        # All that a stack needs takes a while to import, which `status` and `down` need not wait for.
        run_stack = imported("cauce.cli.foreground").run_stack
        asyncio.run(run_stack(settings, temporal_ui=temporal_ui))


def down(*, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """Stop the stack that runs in the data directory, whoever started it."""
    settings = load_settings(data_dir)
    running = state.running(settings.data_dir)
    if running is None:
        raise NotFoundError(f"No stack is running in {settings.data_dir}.", hint="Start one with 'cauce up'.")
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + _stop_patience_s
    while state.running(settings.data_dir):
        if time.monotonic() > deadline:
            raise TransientError(
                f"Process {running.pid} has not stopped within {_stop_patience_s:g} s.", hint="Look again in a moment."
            )
        time.sleep(0.1)
    if as_json:
        output.document({"stopped": running.pid})
    else:
        output.say("Stopped.")


def status(*, data_dir: DataDir = None, as_json: output.AsJson = False) -> None:
    """Say how the parts of the stack are; the exit code is 1 when one of them is not up."""
    settings = load_settings(data_dir)
    components = asyncio.run(embedded_status(settings))
    healthy = bool(components) and all(one.healthy for one in components)
    if as_json:
        output.document({"up": healthy, "data_dir": settings.data_dir, "components": components})
    elif components:
        show(components)
    else:
        output.say(f"No stack is running in {settings.data_dir}. Start one with 'cauce up'.")
    raise typer.Exit(0 if healthy else 1)


def _detach(settings: Settings, *, temporal_ui: bool) -> None:
    log = settings.data_dir / "logs" / "up.log"
    with state.hold(settings.data_dir):  # says at once, here and not in the log, that somebody else runs
        log.parent.mkdir(exist_ok=True, mode=0o700)
    login = first_login.of(settings.data_dir)
    is_first = not login.file.exists()
    ui = "--temporal-ui" if temporal_ui else "--no-temporal-ui"
    command = [sys.executable, "-P", "-m", "cauce.cli", "up", ui, "--data-dir", str(settings.data_dir)]
    with log.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603  # our own command
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )
    deadline = time.monotonic() + _start_patience_s
    while process.poll() is None and time.monotonic() < deadline:
        running = state.running(settings.data_dir)
        if running is not None and running.pid == process.pid and running.ready:
            show(asyncio.run(embedded_status(settings)))
            if is_first and login.file.exists():
                show_login(login)
            output.say(f"Open {running.addresses.api} in a browser. 'cauce down' stops everything.")
            return
        time.sleep(0.1)
    process.terminate()
    raise TransientError("The stack did not come up.", hint=f"Look into {log}; it ends with: {last_line(log)}")


def show(components: Sequence[Component]) -> None:
    """Print how the parts of a stack are."""
    rows = [
        (one.name, "up" if one.healthy else "DOWN", one.address, one.version, one.pid, one.restarts, one.sentence)
        for one in components
    ]
    output.table("Stack", ("part", "state", "address", "version", "process", "restarts", ""), rows)


def show_login(login: FirstLogin) -> None:
    """Print how to log in for the first time."""
    output.say(f"First run: log in as '{login.user}'; the password is in {login.file}, which only you can read.")
    # Not into a log: what is printed once should not be found there for ever.
    if sys.stderr.isatty():
        output.say(f"The password is: {login.file.read_text(encoding='utf-8').strip()}")
