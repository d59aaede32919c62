"""The server of the API: when it is told to stop, the streams of open pages end at once, and nobody waits for them."""

from types import FrameType

import uvicorn
from fastapi import FastAPI

from cauce.services.teamwork.live import Live


class Server(uvicorn.Server):
    """A server of one application, in a process of its own."""

    def __init__(self, app: FastAPI, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Be told to stop."""
        # Not there yet when the signal comes before the start is over.
        live = getattr(self._app.state, "live", None)
        if isinstance(live, Live):
            live.end_soon()
        super().handle_exit(sig, frame)
