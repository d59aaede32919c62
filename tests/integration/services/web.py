"""Serves the application to programs that speak HTTP themselves."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import uvicorn

from api.app import create_app
from cauce.services.hub import Hub


@asynccontextmanager
async def served(hub: Hub) -> AsyncIterator[str]:
    """Serve the application on a free port, and yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        known = replace(hub, settings=hub.settings.model_copy(update={"public_url": address}))
        server = uvicorn.Server(uvicorn.Config(create_app(known.settings, known), log_config=None))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
        try:
            yield address
        finally:
            server.should_exit = True
            await serving
