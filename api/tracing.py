"""Carries on the trace of whoever calls: what a request starts and asks of other systems belongs to it."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cauce import correlation, tracing
from cauce.correlation import TRACEPARENT, Correlation

_FAILED = 500


class Traced:
    """ASGI middleware: one span per request, named by its route; nothing where nobody traces."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        given = correlation.read(Headers(scope=scope).get(TRACEPARENT)) if scope["type"] == "http" else None
        if scope["type"] != "http" or not (given or tracing.exporting()) or scope["path"].startswith("/static/"):
            await self.app(scope, receive, send)
            return
        method = scope["method"]
        about = Correlation(given) if given else None
        with tracing.span(method, "server", about, {"http.request.method": method}) as span:

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.note({"http.response.status_code": message["status"]})
                    if message["status"] >= _FAILED:
                        span.fail(str(message["status"]))
                await send(message)

            try:
                await self.app(scope, receive, noted)
            finally:
                # The route and not the address: that holds names and numbers.
                if route := getattr(scope.get("route"), "path", ""):
                    span.rename(f"{method} {route}")
                    span.note({"http.route": route})
