"""Runs the embedded stack in this process until a signal ends it."""

import asyncio
import os
import signal

import typer

from cauce.cli import output
from cauce.cli.data_dir import load_settings
from cauce.cli.session import local
from cauce.cli.stack import show, show_login
from cauce.embedded import stack as embedded
from cauce.embedded.status import status
from cauce.errors import CauceError
from cauce.services import definitions
from cauce.services.hub import open_hub
from cauce.settings import Settings

# How long a stop may take before it is cut short: less than what `cauce down` waits.
_patience_s = 45.0
_interrupted = 130


async def run_stack(settings: Settings, *, temporal_ui: bool) -> None:
    """Start everything, say how it is, and keep it running until a signal."""
    stop = await until_signal()
    starting = asyncio.current_task()
    interrupted = asyncio.create_task(stop.wait())
    if starting is not None:  # a signal while things still start stops the start
        interrupted.add_done_callback(lambda _: None if stack_is_up.is_set() else starting.cancel())
    stack_is_up = asyncio.Event()
    try:
        async with embedded.start(settings, temporal_ui=temporal_ui, say=output.say) as stack:
            stack_is_up.set()
            show(await status(settings))
            if stack.first is not None:
                await _publish(stack)
                show_login(stack.first)
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
