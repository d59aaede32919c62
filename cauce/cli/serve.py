"""`cauce api` and `cauce worker`: the two programs of an installation, each in the foreground until a signal."""

import asyncio
import signal

import typer

from cauce import settings as environment
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
    create_app = imported("api.app").create_app
    settings = environment.load()
    set_up(settings.log_level, settings.log_format)
    uvicorn.run(
        create_app(settings),
        host=host or settings.api_host,
        port=port or settings.api_port,
        log_config=None,  # ours, which keeps secrets out, stays in force
        access_log=False,
        timeout_graceful_shutdown=5,  # a page that keeps a stream open must not keep us from stopping
        server_header=False,
    )


def worker() -> None:
    """Run one worker until Ctrl-C; what it is doing then is finished, or taken over by another."""
    settings = environment.load()
    set_up(settings.log_level, settings.log_format)
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    run_worker = imported("cauce.worker").run_worker
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    output.say("The worker is running; Ctrl-C stops it.")
    await run_worker(settings, stop=stop)
