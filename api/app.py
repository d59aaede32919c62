"""The application: what is opened at start, what guards every request, and which routes there are."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from api import errors, inbound, metrics
from api.assets import Assets
from api.pages import routes as pages
from api.pages import view
from api.rest import routes as rest
from api.scim import routes as scim
from api.security import Guard, Sessions
from api.tracing import Traced
from cauce.services.hub import Hub, open_hub
from cauce.services.teamwork.live import Live
from cauce.settings import Settings

description = """\
Starts and follows processes, does people's tasks, tests connections, publishes definitions, takes events.

Log in with a bearer token (`Authorization: Bearer …`; make one with `POST /api/v1/tokens`). Errors are problem details
(RFC 9457). Lists come in pages: follow `next` until it is null.
"""
compress_from_bytes = 2000
# The highest saves 3 % of a page more, in five times as long.
compress_level = 5
# As one list: FastAPI makes an included route anew for each router around it, and looks for it anew at every request.
_routers = (rest.router, inbound.router, scim.router, metrics.router)
_routes = [*(route for each in _routers for route in each.routes), *pages.routes]


def create_app(settings: Settings, hub: Hub | None = None) -> FastAPI:
    """Return the application; with `hub` given it uses that one and leaves closing it to the caller."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with nullcontext(hub) if hub is not None else open_hub(settings) as opened:
            app.state.hub = opened
            app.state.live = Live(opened)
            yield
            await app.state.live.close()

    app = FastAPI(
        title="Cauce",
        version="1",
        routes=_routes,
        description=description,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        separate_input_output_schemas=False,
        # Ours instead: theirs tells the whole query, and the text of what went wrong.
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )
    app.state.settings = settings
    app.state.names = {}
    app.state.sessions = Sessions(settings.session_key(), secure=settings.public_url.startswith("https:"))
    app.add_middleware(GZipMiddleware, minimum_size=compress_from_bytes, compresslevel=compress_level)
    app.add_middleware(
        Guard, max_body_bytes=settings.max_body_bytes, max_attachment_bytes=settings.max_attachment_bytes
    )
    app.add_middleware(Traced)
    errors.install(app)
    app.mount("/static", Assets(directory=view.static), name="static")
    return app
