"""`cauce api` and `cauce worker`: the two programs of an installation, each in the foreground until a signal."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator

import typer

from cauce import settings as environment
from cauce import tracing
from cauce.cli import output
from cauce.cli.imports import imported
from cauce.logging import set_up
from cauce.settings import Settings


def api(
    *,
    host: str | None = typer.Option(None, help="Where to listen; the setting otherwise."),
    port: int | None = typer.Option(None, help="The port; the setting otherwise."),
) -> None:
    """Run the API and the web pages until Ctrl-C."""
    uvicorn = imported("uvicorn")
    create_app, server = imported("api.app").create_app, imported("api.server").Server
    settings = environment.load()
    with _told(settings, "cauce-api"):
        app = create_app(settings)
        config = uvicorn.Config(
            app,
            host=host or settings.api_host,
            port=port or settings.api_port,
            log_config=None,  # ours, which keeps secrets out, stays in force
            access_log=False,
            timeout_graceful_shutdown=5,  # nobody who is slow to read an answer may keep us from stopping
            server_header=False,
        )
        running = server(app, config)
        with contextlib.suppress(KeyboardInterrupt):  # raised again when all is done
            running.run()
        if not running.started:
            raise typer.Exit(1)


def worker() -> None:
    """Run one worker until Ctrl-C; what it is doing then is finished, or taken over by another."""
    settings = environment.load()
    with _told(settings, "cauce-worker"):
        asyncio.run(_work(settings))


@contextlib.contextmanager
def _told(settings: Settings, service: str) -> Iterator[None]:
    """Log, and send spans where they are asked for, until the program ends."""
    set_up(settings.log_level, settings.log_format)
    tracing.set_up(settings, service)
    try:
        yield
    finally:
        tracing.shut_down()


async def _work(settings: Settings) -> None:
    run_worker = imported("cauce.worker").run_worker
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    output.say("The worker is running; Ctrl-C stops it.")
    await run_worker(settings, stop=stop)
