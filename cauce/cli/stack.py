"""`cauce up`, `down` and `status`: the embedded stack on this machine."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from cauce.cli import output
from cauce.cli.session import DataDir, load_settings, local
from cauce.embedded import stack as embedded
from cauce.embedded import state
from cauce.embedded.child import last_line
from cauce.embedded.first_run import administrator
from cauce.errors import CauceError, NotFoundError, TransientError
from cauce.services import definitions
from cauce.services.hub import open_hub
from cauce.settings import Settings

_start_patience_s = 120.0
_stop_patience_s = 60.0
# How long a stop may take before it is cut short: less than what `cauce down` waits.
_patience_s = 45.0
_interrupted = 130


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
        asyncio.run(_run(settings, temporal_ui=temporal_ui))


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
    components = asyncio.run(embedded.status(settings))
    healthy = bool(components) and all(one.healthy for one in components)
    if as_json:
        output.document({"up": healthy, "data_dir": settings.data_dir, "components": components})
    elif components:
        _show(components)
    else:
        output.say(f"No stack is running in {settings.data_dir}. Start one with 'cauce up'.")
    raise typer.Exit(0 if healthy else 1)


async def until_signal() -> asyncio.Event:
    """Return an event that Ctrl-C, `cauce down` or the end of the terminal sets.

    A second signal ends the process at once, and so does a stop that takes too long; what it started dies with it.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def asked() -> None:
        if stop.is_set():
            os._exit(_interrupted)
        stop.set()
        loop.call_later(_patience_s, os._exit, _interrupted)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, asked)
    return stop


async def _run(settings: Settings, *, temporal_ui: bool) -> None:
    stop = await until_signal()
    starting = asyncio.current_task()
    interrupted = asyncio.create_task(stop.wait())
    if starting is not None:  # a signal while things still start stops the start
        interrupted.add_done_callback(lambda _: None if stack_is_up.is_set() else starting.cancel())
    stack_is_up = asyncio.Event()
    try:
        async with embedded.start(settings, temporal_ui=temporal_ui, say=output.say) as stack:
            stack_is_up.set()
            _show(await embedded.status(settings))
            if stack.first is not None:
                await _publish(stack)
                _show_first_run(stack.first.user, stack.first.file)
            output.say(f"Open {stack.addresses.api} in a browser. Ctrl-C stops everything.")
            await stop.wait()
            output.say("Stopping …")
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
        output.say("Stopped before everything was up.")
        raise typer.Exit(130) from None
    finally:
        interrupted.cancel()


async def _publish(stack: embedded.Stack) -> None:
    """Publish what lies in the definitions folder; what is wrong with it must not keep the stack from running."""
    folder = stack.settings.definitions_dir
    if not folder.is_dir():
        return
    settings = load_settings(stack.settings.data_dir)
    try:
        async with open_hub(settings) as hub:
            sources, unreadable = definitions.load([folder])
            published = await definitions.publish(hub, local(), sources)
    except CauceError as error:
        output.fail(error, as_json=False)
        return
    output.findings(unreadable)
    output.say(f"Published {len(published)} definitions from {folder}.")


def _detach(settings: Settings, *, temporal_ui: bool) -> None:
    log = settings.data_dir / "logs" / "up.log"
    with state.hold(settings.data_dir):  # says at once, here and not in the log, that somebody else runs
        log.parent.mkdir(exist_ok=True, mode=0o700)
    password_file = settings.data_dir / "admin-password"
    is_first = not password_file.exists()
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
            _show(asyncio.run(embedded.status(settings)))
            if is_first and password_file.exists():
                _show_first_run(administrator, password_file)
            output.say(f"Open {running.addresses.api} in a browser. 'cauce down' stops everything.")
            return
        time.sleep(0.1)
    process.terminate()
    raise TransientError("The stack did not come up.", hint=f"Look into {log}; it ends with: {last_line(log)}")


def _show(components: list[embedded.Component]) -> None:
    rows = [
        (one.name, "up" if one.healthy else "DOWN", one.address, one.version, one.pid, one.restarts, one.sentence)
        for one in components
    ]
    output.table("Stack", ("part", "state", "address", "version", "process", "restarts", ""), rows)


def _show_first_run(user: str, password_file: Path) -> None:
    output.say(f"First run: log in as '{user}'; the password is in {password_file}, which only you can read.")
    # Not into a log: what is printed once should not be found there for ever.
    if sys.stderr.isatty():
        output.say(f"The password is: {password_file.read_text(encoding='utf-8').strip()}")
